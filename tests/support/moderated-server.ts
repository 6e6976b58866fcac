/** A server with a moderation service, a firehose subscriber, and a logged-in admin. */
import { AtpAgent } from '@atproto/api'
import {
  type ModerationService,
  startModerationService,
} from '#tests/support/moderation-service.ts'
import { type ResolvableServer, startResolvableServer } from '#tests/support/resolvable-server.ts'
import { adminPassword, type TestAccount } from '#tests/support/server.ts'
import { Subscription } from '#tests/support/subscription.ts'
import { type Answer, call } from '#tests/support/xrpc-call.ts'

export const adminAuthorization = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`

export interface ModeratedServer extends ResolvableServer, AsyncDisposable {
  readonly moderation: ModerationService
  readonly firehose: Subscription
  readonly admin: AtpAgent['com']['atproto']['admin']
  /** Calls updateSubjectStatus as the moderation service. */
  moderate(body: object): Promise<Answer>
  /** The kinds of an account's events; `#account` with its status. */
  eventsOf(did: string): string[]
}

export async function startModeratedServer(): Promise<ModeratedServer> {
  const moderation = await startModerationService()
  const network = await startResolvableServer({
    env: { PDS_MOD_SERVICE_URL: moderation.service.url, PDS_MOD_SERVICE_DID: moderation.did },
  })
  const { server, plcUrl } = network
  await moderation.publish(plcUrl)
  const live = new Subscription(server)
  await live.opened
  const agent = new AtpAgent({ service: server.url })
  agent.setHeader('authorization', adminAuthorization)
  return {
    ...network,
    moderation,
    firehose: live,
    admin: agent.com.atproto.admin,
    moderate(body) {
      const nsid = 'com.atproto.admin.updateSubjectStatus'
      const as = moderation.authorization('did:web:localhost', nsid)
      return call(server, 'admin.updateSubjectStatus', { body, as })
    },
    eventsOf: (did) =>
      live.eventsOf(did).map(({ kind, body }) => {
        const { active, status } = body as { active?: boolean; status?: string }
        return kind === '#account' ? `#account ${active ? 'active' : status}` : kind
      }),
    async [Symbol.asyncDispose]() {
      live.close()
      await server.remove()
      await moderation[Symbol.asyncDispose]()
    },
  }
}

/** The account as a subject of moderation. */
export function repoRef({ did }: Pick<TestAccount, 'did'>) {
  return { $type: 'com.atproto.admin.defs#repoRef' as const, did }
}
