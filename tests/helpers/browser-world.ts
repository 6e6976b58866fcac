/** A server that sends mail, an app that its users sign in to, and a browser for them. */
import type { Browser } from 'playwright-core'
import { type AppPage, startAppPage } from '#tests/helpers/app-page.ts'
import { startBrowser } from '#tests/helpers/browser.ts'
import { type MailServer, startMailServer } from '#tests/helpers/mail-server.ts'
import { freePort } from '#tests/helpers/processes.ts'
import { startServer, type TestServer } from '#tests/helpers/server.ts'

export interface BrowserWorld {
  mail: MailServer
  server: TestServer
  app: AppPage
  browser: Browser
  close(): Promise<void>
}

export async function startBrowserWorld(): Promise<BrowserWorld> {
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
