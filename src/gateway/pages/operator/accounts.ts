/** The list of accounts: searched, filtered by state, and paged, all in the URL. */
import { html } from 'hono/html'
import type { AccountInfo } from '#src/directory/search-accounts.ts'
import { type BadgeKind, badge, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes } from '#src/gateway/pages/operator/console-routes.ts'
import { nextPage } from '#src/gateway/pages/operator/next-page.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'
import { word } from '#src/gateway/pages/words/words.ts'

const PAGE = 50
const MAX_TEXT = 300
const statuses = ['active', 'deactivated', 'suspended', 'takendown', 'queued'] as const

export function accountPages({ server }: ConsolePorts, { get }: ConsoleRoutes): void {
  const { directory } = server.dispatch
  get('/accounts', async (call, note) => {
    const { q = '', status = '', cursor } = call.c.req.query()
    const text = q.trim().replace(/^@/, '').slice(0, MAX_TEXT)
    const wanted = statuses.find((known) => known === status)
    const found = await directory.accounts.search({
      ...{ text, limit: PAGE },
      ...(wanted !== undefined && { status: wanted }),
      ...(cursor !== undefined && { cursor }),
    })
    const tenants = await directory.tenantAccounts.tenantsOf({
      dids: found.accounts.map(({ did }) => did),
    })
    const rows = found.accounts.map((account) => [
      accountName(account),
      statusBadge(call.session, account.status),
      account.email ?? '–',
      tenants[account.did] ?? '–',
      timeOf(call.session, account.createdAt),
    ])
    const { text: say } = call
    const head = [say('account'), say('state'), say('email'), say('tenant'), say('created')]
    const empty =
      text === '' && wanted === undefined ? say('noAccounts') : say('noMatchingAccounts')
    return call.render({
      ...{ title: say('accounts'), wide: true, note },
      body: html`${filterForm(call.session, [
        { name: 'q', label: say('findAccount'), type: 'search', value: q, maxLength: MAX_TEXT },
        {
          ...{ name: 'status', label: say('state'), value: status },
          options: [
            { value: '', label: say('all') },
            ...statuses.map((value) => ({ value, label: word(call.session, 'status', value) })),
          ],
        },
      ])}
<section>${table({ label: say('accounts'), head, rows, empty })}</section>
${pager(call.session, { after: nextPage(call.c.req.url, found.cursor) })}`,
    })
  })
}

export function accountName({ did, handle }: Pick<AccountInfo, 'did' | 'handle'>): Html {
  return twoLines(html`<a href="${accountPath(did)}">${handle}</a>`, did)
}

export function accountPath(did: string): string {
  return `${consolePath}${accountSection(did)}`
}

/** Below the console's path. The port in a did:web is encoded, and stays so. */
export function accountSection(did: string): string {
  return `/accounts/${did.replaceAll('%', '%25')}`
}

const kinds: Readonly<Record<string, BadgeKind>> = {
  ...{ active: 'good', takendown: 'bad', suspended: 'warn' },
}

export function statusBadge(context: Pick<RenderContext, 'messages'>, status: string): Html {
  return badge(word(context, 'status', status), kinds[status] ?? 'quiet')
}
