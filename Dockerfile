FROM python:3.13-slim AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY tui_tracker tui_tracker
RUN python -m venv /opt/crypto-tui \
    && /opt/crypto-tui/bin/pip install --no-cache-dir '.[server,web]'

FROM python:3.13-slim
RUN useradd --uid 10001 --create-home tracker \
    && mkdir -p /data/crypto-tui \
    && chown -R tracker /data
COPY --from=build /opt/crypto-tui /opt/crypto-tui
ENV PATH=/opt/crypto-tui/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    XDG_DATA_HOME=/data \
    XDG_STATE_HOME=/data/state
USER 10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["crypto-tui"]
CMD ["serve", "--host", "0.0.0.0"]
