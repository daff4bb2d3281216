# Serves the API; also runs the dispatcher, Flower and the migrations. Without torch and without a decoder.
FROM python:3.11-slim-bookworm AS build
# For a mirror of the package index; never put credentials into it.
ARG PIP_INDEX_URL
WORKDIR /build
COPY requirements/base.txt requirements/
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --requirement requirements/base.txt
WORKDIR /app
COPY api api
COPY backups backups
COPY cli cli
COPY client client
COPY core core
COPY embedded embedded
COPY migrations migrations
COPY models models
COPY submission submission
COPY workers workers
RUN python -m compileall -q .

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --user-group --create-home callscribe
COPY deploy/docker/callscribe /usr/local/bin/
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1
WORKDIR /app
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=15s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
CMD ["callscribe", "api", "--host", "0.0.0.0"]
