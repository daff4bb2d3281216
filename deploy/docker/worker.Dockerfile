# Prepares recordings and finishes transcripts, on CPUs. Without torch.
FROM python:3.11-slim-bookworm AS build
# For a mirror of the package index; never put credentials into it.
ARG PIP_INDEX_URL
WORKDIR /build
COPY requirements/prepare.txt requirements/silero.txt requirements/
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --requirement requirements/prepare.txt \
    && pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --no-deps --requirement requirements/silero.txt
WORKDIR /app
COPY cli cli
COPY client client
COPY core core
COPY embedded embedded
COPY models models
COPY submission submission
COPY workers workers
RUN python -m compileall -q .

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --user-group --create-home callscribe \
    && install --directory --owner=callscribe --group=callscribe --mode=0700 /scratch
COPY deploy/docker/callscribe /usr/local/bin/
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV CALLSCRIBE_ALIVE_FILE=/tmp/alive \
    CALLSCRIBE_SCRATCH_DIR=/scratch \
    PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1
WORKDIR /app
USER 10001:10001
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["sh", "-c", "find /tmp/alive -mmin -1 | grep -q ."]
CMD ["callscribe", "worker", "--queue", "prepare,finish"]
