/** The section on invite codes: those of the account, and who has used them. */
import { html } from 'hono/html'
import { XrpcError } from '#src/errors.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { badge, card, table, timeOf } from '#src/gateway/pages/blocks.ts'

export const invitesSection: Section = {
  path: '/invites',
  title: 'invites',
  async show(visit) {
    const { texts, session, context } = visit
    const codes = await codesOf(visit)
    const users = codes.flatMap(({ uses }) => uses.map(({ usedBy }) => usedBy))
    const { accounts } = context.server.dispatch.directory
    const dids = [...new Set(users)].slice(0, 100)
    const infos = dids.length === 0 ? [] : await accounts.getInfos({ dids })
    const nameOf = (did: string) => infos.find((info) => info.did === did)?.handle ?? did
    const rows = codes.map(({ code, available, uses, createdAt }) => {
      const n = uses.length
      const used =
        n >= available ? badge(texts.text('usedUp')) : texts.text('left', { n, total: available })
      const by = uses.map(({ usedBy }) => html`<div>@${nameOf(usedBy)}</div>`)
      return [
        html`<code>${code}</code><small>${timeOf(session, createdAt)}</small>`,
        used,
        html`${by}`,
      ]
    })
    const head = [texts.text('inviteCode'), texts.text('uses'), texts.text('usedBy')]
    const label = texts.text('invites')
    const list = table({ label, head, rows, empty: texts.text('noInvites') })
    return card(label, list, { help: texts.text('invitesHelp'), bare: true })
  },
}

async function codesOf({ did, context: { server } }: Visit) {
  const { hostname, routineInvites } = server.service
  try {
    const { codes } = await server.dispatch.directory.invites.getForAccount({
      ...{ did, includeUsed: true },
      ...(routineInvites && { earning: { hostname, ...routineInvites } }),
    })
    return codes
  } catch (error) {
    // A paused account earns none.
    if (error instanceof XrpcError && error.status < 500) return []
    throw error
  }
}
