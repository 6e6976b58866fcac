/** A server with much in it, for what is measured and looked at on its pages. */
import { createAccount, createPosts, newRkeys, type Session } from './server-under-test.ts'
import type { XrpcClient } from './xrpc-client.ts'

/** As long as a handle below a domain of the server may be. */
const groupHandle = 'long-name-of-group.test'
const tenant = 'bench'

/** The first page of each area. */
export const areas: readonly string[] = [
  ...['/account', `/groups/${groupHandle}`, `/tenant/${tenant}`, '/admin'],
]

/** One account that has records, a group, and a tenant with accounts. */
export async function fillServer(
  client: XrpcClient,
  adminPassword: string,
  { records, accounts }: { records: number; accounts: number },
): Promise<Session> {
  const authorization = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
  const asTenant = { authorization, tenant }
  const owner = await createAccount(client)
  await createPosts(client, owner, newRkeys(records))
  const profile = { $type: 'app.bsky.actor.profile', displayName: 'Rhabarberbarbara '.repeat(3) }
  await client.procedure(
    'com.atproto.repo.putRecord',
    { repo: owner.did, collection: profile.$type, rkey: 'self', record: profile },
    owner.headers,
  )
  await client.procedure('dev.headwater.group.create', { handle: groupHandle }, owner.headers)
  const name = 'Verein der Freundinnen und Freunde des gemeinschaftlichen Schreibens'
  const quotas = { accounts: 2 * accounts, accountsPerHour: 2 * accounts }
  const created = { id: tenant, name, quotas }
  await client.procedure('dev.headwater.admin.createTenant', created, { authorization })
  const asOwner = { did: owner.did, role: 'owner' }
  await client.procedure('dev.headwater.tenant.putAdmin', asOwner, asTenant)
  const rows = Array.from({ length: accounts }, (_, n) => JSON.stringify({ externalId: `a${n}` }))
  const answer = await fetch(`${client.url}/xrpc/dev.headwater.tenant.createAccounts`, {
    method: 'POST',
    headers: { ...asTenant, 'content-type': 'application/x-ndjson' },
    body: rows.join('\n'),
  })
  await answer.text()
  return owner
}

/** The pages of an area that its first page, and those that this links to, lead to; of those of many accounts one. */
export async function pagesOf(
  area: string,
  open: (path: string) => Promise<string>,
): Promise<string[]> {
  const found = new Map([[area, area]])
  const follow = async (path: string) => {
    const html = await open(path)
    for (const [, link] of html.matchAll(/<a [^>]*href="(\/[^"?#]*)"/g)) {
      const isFile = /\.(?:car|zip|csv|json)$/.test(link!)
      if (!link!.startsWith(`${area}/`) || isFile) continue
      const kind = link!.replace(/did(?::|%3A)[^/]+/, 'did')
      if (!found.has(kind)) found.set(kind, link!)
    }
  }
  await follow(area)
  for (const path of [...found.values()]) await follow(path)
  return [...found.values()]
}
