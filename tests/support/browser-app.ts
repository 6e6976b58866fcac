/** An app that runs in a browser: one page with @atproto/oauth-client-browser, served by Vite. */

import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserOAuthClient } from '@atproto/oauth-client-browser'
import { createViteServer } from 'vitest/node'
import { root } from '#tests/support/sources.ts'

export interface AppPage {
  url: string
  close(): Promise<void>
}

export type AppSignIn = NonNullable<Parameters<BrowserOAuthClient['signInRedirect']>[1]>

/** The page's module; `__…__` is replaced. */
const script = `
import { BrowserOAuthClient } from '@atproto/oauth-client-browser'
const scope = __SCOPE__
const redirect = location.origin + '/'
const client = await BrowserOAuthClient.load({
  clientId: 'http://localhost?' + new URLSearchParams([['redirect_uri', redirect], ['scope', scope]]),
  handleResolver: __SERVER__,
  plcDirectoryUrl: __PLC__,
  allowHttp: true,
})
const show = (text) => { document.querySelector('output').textContent = text }
let session
const call = async (path, init) => {
  const answer = await session.fetchHandler(path, init)
  return { status: answer.status, body: await answer.json() }
}
window.app = {
  signIn: (input, options) => client.signInRedirect(input, options),
  call,
  refresh: async () => (await session.getTokenInfo(true)).scope,
  signOut: () => session.signOut(),
}
try {
  const found = await client.init()
  session = found?.session
  show(session ? 'signed in as ' + session.did : 'signed out')
} catch (error) {
  show('failed: ' + error.message)
}
`

export async function startAppPage(options: {
  scope: string
  server: string
  plcUrl: string
}): Promise<AppPage> {
  const cacheDir = mkdtempSync(join(tmpdir(), 'headwater-app-'))
  const values = { SCOPE: options.scope, SERVER: options.server, PLC: options.plcUrl }
  const code = script.replace(/__(\w+)__/g, (_, name: keyof typeof values) =>
    JSON.stringify(values[name]),
  )
  const vite = await createViteServer({
    configFile: false,
    root,
    cacheDir,
    appType: 'custom',
    logLevel: 'silent',
    server: { host: '127.0.0.1', port: 0, hmr: false, ws: false, watch: null },
    optimizeDeps: { include: ['@atproto/oauth-client-browser'], noDiscovery: true, entries: [] },
    plugins: [
      {
        name: 'the app',
        resolveId: (id) => (id === '/app.js' ? id : undefined),
        load: (id) => (id === '/app.js' ? code : undefined),
        configureServer: (server) => () => {
          server.middlewares.use((_request, response) => {
            response.setHeader('content-type', 'text/html')
            response.end(
              '<!doctype html><title>App</title><output>loading</output><script type="module" src="/app.js"></script>',
            )
          })
        },
      },
    ],
  })
  await vite.listen()
  const { port } = vite.httpServer!.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      await vite.close()
      rmSync(cacheDir, { recursive: true, force: true })
    },
  }
}
