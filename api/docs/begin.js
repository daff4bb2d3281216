// A file of its own: the page's policy runs no script that stands in the page.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#description",
  deepLinking: true,
  // Else it would ask a server of Swagger's whether the description is right.
  validatorUrl: null,
});
