/** Whether relays pass on what accounts write: then other servers and apps see it. */
import { html } from 'hono/html'
import { badge } from '#src/gateway/pages/blocks.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import { word } from '#src/gateway/pages/words/words.ts'

export function hasRelays({ context }: TenantVisit): boolean {
  return context.server.relays.relays.length > 0
}

/** By DID, of active accounts; empty for a server without relays. */
export async function relayBadges(
  visit: TenantVisit,
  accounts: readonly { did: string; status: string }[],
): Promise<Map<string, Html>> {
  const { context, session, text } = visit
  const shown = accounts.filter(({ status }) => status === 'active').map(({ did }) => did)
  if (!hasRelays(visit) || shown.length === 0) return new Map()
  const known = new Set(context.server.relays.relays)
  const { relays } = context.server.dispatch.directory
  const statuses = await relays.findStatuses({ dids: shown })
  return new Map(
    shown.map((did) => {
      const said = statuses.filter((one) => one.did === did && known.has(one.relay))
      const others = said.filter(({ status }) => status !== 'active')
      if (said.length === 0) return [did, badge(text('relay.unasked'))]
      if (others.length === 0) return [did, badge(text('relay.visible'), 'good')]
      const list = others.map(({ relay, status }) => {
        const label = badge(text('relay.hidden', { status: word(session, 'relay', status) }), 'bad')
        return html`${label}<small>${URL.parse(relay)?.host ?? relay}</small> `
      })
      return [did, html`${list}`]
    }),
  )
}
