/** `npx vite examples/board` serves the page with the SDK of this folder; an app installs its tarball instead. */
const sdk = new URL('../../packages/realtime/src/realtime.ts', import.meta.url).pathname

export default {
  server: { host: '127.0.0.1', port: 8080 },
  resolve: { alias: { '@headwater/realtime': sdk } },
  optimizeDeps: { include: ['@atproto/api'] },
}
