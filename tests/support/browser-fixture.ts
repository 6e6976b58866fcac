/** A server that sends email, an app that its users sign in to, and a browser. */
import type { Browser } from 'playwright-core'
import { startBrowser } from '#tests/support/browser.ts'
import { type AppPage, startAppPage } from '#tests/support/browser-app.ts'
import { type MailServer, startMailServer } from '#tests/support/mail-server.ts'
import { freePort } from '#tests/support/processes.ts'
import { startServer, type TestServer } from '#tests/support/server.ts'

export interface BrowserFixture {
  mail: MailServer
  server: TestServer
  app: AppPage
  browser: Browser
  close(): Promise<void>
}

export async function startBrowserFixture(): Promise<BrowserFixture> {
  await using begun = new AsyncDisposableStack()
  const mail = await startMailServer()
  begun.defer(() => mail.close())
  const plcPort = String(await freePort())
  const server = begun.use(
    await startServer({
      env: {
        PDS_DEV_PLC_PORT: plcPort,
        PDS_EMAIL_SMTP_URL: mail.url,
        PDS_EMAIL_FROM_ADDRESS: 'Headwater <pds@example.com>',
      },
    }),
  )
  const app = await startAppPage({
    scope: 'atproto',
    server: server.url,
    plcUrl: `http://127.0.0.1:${plcPort}`,
  })
  begun.defer(() => app.close())
  const browser = await startBrowser()
  begun.defer(() => browser.close())
  const all = begun.move()
  return { mail, server, app, browser, close: () => all.disposeAsync() }
}
