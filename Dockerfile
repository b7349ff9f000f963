# One image for every topology: MODULES and the rest of the environment decide what a container is.
# The last stage has Node.js and what it runs: no npm, no compiler, no development packages, no embedded PostgreSQL.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY modules modules
RUN npm run build
RUN npm prune --omit=dev --omit=optional --ignore-scripts --no-audit
RUN find node_modules -type f \( -name '*.map' -o -name '*.ts' \) -delete
RUN mkdir data

FROM debian:bookworm-slim
COPY --from=build /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build --chown=10001:10001 /app/data /data
ENV NODE_ENV=production NODE_OPTIONS=--enable-source-maps DATA_DIR=/data
USER 10001:10001
EXPOSE 3000 4000 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js"]
