# evalkit in a container: no root, and a file system that may be read-only.
#
#   docker build -t evalkit .
#   docker run --rm --read-only --tmpfs /tmp -v "$PWD:/work" -v evalkit-cache:/cache -e OPENAI_API_KEY \
#     evalkit run suite.yaml
#
# /work is your folder: suites are read there, and results/ is written there. The response cache lies in /cache, so that
# nothing is paid for twice; never in /work, where a pull request could bring answers along.
#
# Other extras, such as the board's: docker build --build-arg EXTRAS=math,metrics,app -t evalkit .

FROM python:3.11-slim AS build
ARG EXTRAS=math,metrics
COPY . /src
RUN python -m venv /opt/evalkit \
 && /opt/evalkit/bin/pip install --no-cache-dir "/src[$EXTRAS]" \
 && /opt/evalkit/bin/python -m compileall -q /opt/evalkit/lib

FROM python:3.11-slim
ARG EXTRAS=math,metrics
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin evalkit \
 && install -d -m 1777 /cache
VOLUME /cache
COPY --from=build /opt/evalkit /opt/evalkit
ENV PATH=/opt/evalkit/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    EVALKIT_CACHE=/cache \
    EVALKIT_IMAGE_EXTRAS=$EXTRAS
USER 10001
WORKDIR /work
ENTRYPOINT ["evalkit"]
CMD ["--help"]
