/**
 * The webhooks actor, one for each owner: the server, or a tenant. It is awake as long as it has an enabled endpoint,
 * since it follows the events and has timers.
 */
import { actor } from 'rivetkit'
import { requireInternalToken } from '#actors/access.ts'
import { webhooksActions } from '#actors/actions/webhooks.ts'
import { batchDatabase } from '#actors/batch-database.ts'
import { type ActorContext, actorLifecycle } from '#actors/lifecycle.ts'
import { toRivetActions } from '#actors/rivet-actions.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { isActorStopped } from '#src/engine/going-away.ts'
import { createSafeFetch, urlRefusal } from '#src/ports/safe-fetch.ts'
import { tenantOwner } from '#src/rules/webhook-owners.ts'
import { OwnerSlots } from '#src/webhooks/owner-slots.ts'
import { type Answer, postMessage, type SignedMessage } from '#src/webhooks/post-message.ts'
import { openWebhooks, type Webhooks } from '#src/webhooks/webhooks.ts'

const TIMEOUT_MS = 15_000
/** Responses are not read. */
const MAX_RESPONSE_BYTES = 64 * 1024
/** Requests at once in this process: of each owner, and of all of them beyond that. */
const SLOTS = { own: 2, shared: 64 }
/** How long the actor stays awake without an enabled endpoint. */
const IDLE_MS = 60_000

export function webhooksActor(settings: ActorSettings) {
  const { clock, privateNetworks } = settings
  const slots = new OwnerSlots(SLOTS)
  const limits = { privateNetworks, timeoutMs: TIMEOUT_MS, maxBytes: MAX_RESPONSE_BYTES }
  const post = postMessage({ fetch: createSafeFetch(limits), now: () => clock.now() })
  return actor({
    db: batchDatabase(settings, (run) => settings.disk.transaction(run)),
    createConnState: requireInternalToken('webhooks', settings),
    ...actorLifecycle('webhooks', settings, webhooksActions, {
      schema: settings.schemas.webhooks,
      sleeps: false,
      open: (c) => open(c, settings, (owner, message) => slots.run(owner, () => post(message))),
      close: (webhooks: Webhooks) => webhooks.close(),
    }),
    actions: toRivetActions(webhooksActions, settings),
    options: { noSleep: true, actionTimeout: 60_000 },
  })
}

async function open(
  c: ActorContext,
  settings: ActorSettings,
  post: (owner: string, message: SignedMessage) => Promise<Answer>,
): Promise<Webhooks> {
  const { clock, timer, log, keys, dispatch, privateNetworks, webhookStats } = settings
  const [owner = ''] = c.key
  let cancelSleep = () => {}
  const webhooks = await openWebhooks({
    ...{ owner, sql: c.db, clock, timer, log, keys, isActorStopped, stats: webhookStats },
    post: (message) => post(owner, message),
    random: () => Math.random(),
    source: dispatch.sequencer.log,
    refusalOf: (url) => urlRefusal(url, { privateNetworks }),
    setListed: (isListed) => dispatch.directory.webhookOwners.set({ owner, isListed }),
    async handlesOf(dids) {
      const infos = await dispatch.directory.accounts.getInfos({ dids })
      return new Map(infos.map(({ did, handle }) => [did, handle]))
    },
    async ownersOf(dids) {
      const tenants = await dispatch.directory.tenantAccounts.tenantsOf({ dids })
      return new Map(Object.entries(tenants).map(([did, id]) => [did, tenantOwner(id)]))
    },
    onIdle() {
      cancelSleep()
      cancelSleep = timer(IDLE_MS, () => {
        if (webhooks.isClosed || webhooks.enabled.length > 0) return
        try {
          c.sleep()
        } catch {
          // The actor is ending already.
        }
      })
    },
  })
  return webhooks
}
