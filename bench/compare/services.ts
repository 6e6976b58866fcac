/** The services around one server: mail, DNS, a relay, an AppView and a moderation service. */
import { type FakeService, startFakeService } from '#tests/support/fake-service.ts'
import { lastCode, type MailServer, startMailServer } from '#tests/support/mail-server.ts'
import {
  type ModerationService,
  startModerationService,
} from '#tests/support/moderation-service.ts'
import { type NameServer, startNameServer } from '#tests/support/name-server.ts'

export const adminPassword = 'the-admin-of-both'
export const jwtSecret = '0123456789abcdef0123456789abcdef'
export const adminAuthorization = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`

export interface Services extends AsyncDisposable {
  readonly appView: FakeService
  readonly moderation: ModerationService
  readonly mail: MailServer
  readonly nameServer: NameServer
  /** Accepts every requestCrawl. */
  readonly relay: FakeService
  readonly placeholders: ReadonlyMap<string, string>
  /** Variables for every environment. */
  readonly env: Record<string, string>
  /** The code in the last mail to an address, once it is another than `before`. */
  emailedCode(address: string, before?: string): Promise<string>
}

export async function startServices(): Promise<Services> {
  const [appView, moderation, mail, nameServer, relay] = await Promise.all([
    startFakeService(),
    startModerationService(),
    startMailServer(),
    startNameServer(),
    startFakeService(),
  ])
  relay.respond('com.atproto.sync.requestCrawl', {})
  return {
    appView,
    moderation,
    mail,
    nameServer,
    relay,
    placeholders: new Map([
      [appView.did, '<appview>'],
      [appView.url, '<appview url>'],
      [moderation.did, '<moderation>'],
      [moderation.service.did, '<moderation web>'],
      [moderation.service.url, '<moderation url>'],
    ]),
    env: {
      PDS_ADMIN_PASSWORD: adminPassword,
      PDS_JWT_SECRET: jwtSecret,
      PDS_EMAIL_SMTP_URL: mail.url,
      PDS_EMAIL_FROM_ADDRESS: 'pds@example.com',
    },
    async emailedCode(address, before) {
      for (let waits = 0; waits < 100; waits++) {
        const code = lastCode(mail, address)
        if (code !== undefined && code !== before) return code
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      throw new Error(`no mail to ${address}`)
    },
    async [Symbol.asyncDispose]() {
      await appView[Symbol.asyncDispose]()
      await moderation[Symbol.asyncDispose]()
      await mail.close()
      await relay[Symbol.asyncDispose]()
      nameServer.close()
    },
  }
}
