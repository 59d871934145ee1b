# For machines without an image registry: stands in for node:<major>-bookworm-slim, with the same user, entrypoint and command.
FROM switchyard/stand-in-debian:bookworm
COPY certificates.crt /usr/local/share/ca-certificates/host.crt
RUN update-ca-certificates 2>/dev/null \
  && groupadd --gid 1000 node \
  && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
COPY node/ /usr/local/
COPY programs/ /usr/local/
COPY node-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["node"]
