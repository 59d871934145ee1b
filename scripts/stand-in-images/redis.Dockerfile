# For machines without an image registry: stands in for redis:7-bookworm, with Debian's Redis 7.0.
FROM switchyard/stand-in-debian:bookworm
RUN apt-get update \
  && apt-get install --yes --no-install-recommends redis-server \
  && rm -rf /var/lib/apt/lists/* \
  && mkdir /data && chown redis:redis /data
VOLUME /data
WORKDIR /data
USER redis
EXPOSE 6379
CMD ["redis-server"]
