# The service as a container image. Builds from a clean checkout: docker build -t conversation-sessions .

# An LTS release of Node.js; the image's tests run the service on this version.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY src ./src
COPY generated ./generated
# Keeps the optional dependencies, which contain the native code of the embedded store.
RUN npm run build && npm prune --omit=dev && mkdir data

FROM node:${NODE_VERSION}-bookworm-slim
WORKDIR /app
LABEL org.opencontainers.image.title="conversation-session-service" \
      org.opencontainers.image.description="The session store for voice AI: idempotent, gap-free conversation logs over gRPC"
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    GRPC_PORT=50051 \
    HTTP_PORT=3000 \
    HEALTH_PORT=50052 \
    DATA_DIR=/app/data
COPY package.json ./
COPY generated/descriptor_set.binpb ./generated/
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
# The only folder that the service writes to: the root file system can be read-only.
COPY --from=build --chown=65532:65532 /build/data ./data
VOLUME /app/data
USER 65532:65532
EXPOSE 50051 3000 50052
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["node", "dist/main.js", "--check-health"]
CMD ["node", "--enable-source-maps", "dist/main.js"]
