# For machines without an image registry: stands in for prom/prometheus, with Debian's Prometheus 2.42 in the places of the official image.
FROM switchyard/stand-in-debian:bookworm
RUN apt-get update \
  && apt-get install --yes --no-install-recommends prometheus \
  && rm -rf /var/lib/apt/lists/* \
  && mkdir --parents /prometheus /etc/prometheus \
  && chown nobody:nogroup /prometheus /etc/prometheus
USER nobody
WORKDIR /prometheus
VOLUME /prometheus
EXPOSE 9090
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
