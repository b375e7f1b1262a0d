# The image holds the static program, the certificates that HTTPS needs, and nothing else: no shell, no user, no package.
# The release workflow lays the context out; by hand: linux/<architecture>/posture, ca-certificates.crt and LICENSE.
FROM scratch
ARG TARGETOS TARGETARCH
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY LICENSE /LICENSE
COPY --chmod=0555 ${TARGETOS}/${TARGETARCH}/posture /posture
LABEL org.opencontainers.image.source=https://github.com/posture-audit/posture \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.description="Audits the security posture of an AWS account"
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/posture"]
