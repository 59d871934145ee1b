# One image for all processes: `node apps/<api|worker|runner|router>/dist/main.js`. Builds with BuildKit and with the classic builder.
ARG BASE=node:24-bookworm-slim

# ---------------------------------------------------------------------------------------------------------------- certificates, tools
FROM ${BASE} AS base
# Behind a proxy that inspects TLS: a PEM file inside the build context, by default extra-ca.crt in its root; there need not be one.
ARG SWITCHYARD_EXTRA_CA_CERTS=extra-ca.crt
# git and openssh-client fetch sources, tini is process 1; all are small beside perl, which git brings.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates git openssh-client tini \
  && rm -rf /var/lib/apt/lists/*
# package.json is there so that the line has a source when the pattern matches nothing.
COPY package.json ${SWITCHYARD_EXTRA_CA_CERTS}* /usr/local/share/switchyard/
RUN find /usr/local/share/switchyard -type f ! -name package.json -exec cp {} /usr/local/share/ca-certificates/switchyard-extra.crt \; \
  && rm -r /usr/local/share/switchyard \
  && update-ca-certificates 2>/dev/null
# Node brings its own list of authorities; this adds what the image trusts.
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt

# ------------------------------------------------------------------------------------------------------------------------------ build
FROM base AS build
# The classic builder leaves this stage behind as an image without a name; by the label it can be found and removed.
LABEL dev.switchyard.stage=build
WORKDIR /srv/switchyard
ENV CI=1 TURBO_TELEMETRY_DISABLED=1
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN npm install --global --no-audit --no-fund "$(node -p 'require("./package.json").packageManager')" \
  && pnpm fetch
COPY . .
RUN pnpm install --frozen-lockfile --offline \
  && node_modules/.bin/turbo run build --output-logs=errors-only --filter=@switchyard/api --filter=@switchyard/worker --filter=@switchyard/runner \
    --filter=@switchyard/router --filter=@switchyard/dashboard
# The same links again, without what only builds and tests need.
RUN find . -name node_modules -type d -prune -exec rm -rf {} + \
  && pnpm install --prod --frozen-lockfile --offline \
    --filter=@switchyard/api... --filter=@switchyard/worker... --filter=@switchyard/runner... --filter=@switchyard/router... \
  && sh ops/docker/collect.sh /srv/output

# ---------------------------------------------------------------------------------------------------------------------------- runtime
FROM base AS runtime
ENV NODE_ENV=production
WORKDIR /srv/switchyard
COPY --from=build /srv/output ./
# A named volume takes over the owner of the directory it is mounted on.
RUN install -d -o node -g node -m 0700 /var/lib/switchyard
VOLUME /var/lib/switchyard
USER node
# tini runs as `node` too: as root without CAP_KILL it could not pass a signal on.
ENTRYPOINT ["/srv/switchyard/ops/docker/entrypoint.sh", "tini", "--"]
CMD ["node", "apps/api/dist/main.js"]
