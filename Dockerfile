# Any Linux image with Python 3.11 or later and its venv module will do as a base.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /build
COPY requirements/ requirements/
RUN python3 -m venv /opt/portico \
    && /opt/portico/bin/python -m pip install --no-cache-dir --no-compile --require-hashes -r requirements/runtime.txt \
    && python3 -m venv builder \
    && builder/bin/python -m pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY gateway/ gateway/
RUN builder/bin/python -m hatchling build --target wheel --directory dist \
    && /opt/portico/bin/python -m pip install --no-cache-dir --no-compile --no-index --no-deps dist/*.whl \
    && /opt/portico/bin/python -m pip uninstall --quiet --yes pip setuptools \
    && /opt/portico/bin/python -m compileall -q -j 0 /opt/portico/lib

FROM ${BASE}
RUN groupadd --gid 10001 portico \
    && useradd --uid 10001 --gid portico --no-create-home --home-dir /data --shell /usr/sbin/nologin portico \
    && install --directory --owner=portico --group=portico --mode=0750 /data
COPY --from=build /opt/portico /opt/portico
COPY deploy/portico.yaml /etc/portico/portico.yaml
ENV PATH=/opt/portico/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data
VOLUME /data
# S3, Swift, FTP and its passive range, admin
EXPOSE 9000 8080 2121 30000-30099 9001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["/opt/portico/bin/python", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 9001, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["portico"]
CMD ["serve", "--config", "/etc/portico/portico.yaml", "--data", "/data"]
