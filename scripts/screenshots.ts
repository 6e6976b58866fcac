/** Takes the pictures of the README: `npx node scripts/screenshots.ts`, after a change of the pages. Needs Chromium. */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { chromium, type Page } from 'playwright-core'
import { createPost, type Session } from '../bench/server-under-test.ts'
import { startHeadwater, stopServers } from '../bench/servers.ts'
import { XrpcClient } from '../bench/xrpc-client.ts'

const folder = join(import.meta.dirname, '../docs/images')
const adminPassword = 'screenshots'
const operator = {
  authorization: `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`,
}
const password = 'correct horse battery'
const size = { width: 1280, height: 800 }

async function signUp(client: XrpcClient, name: string, displayName: string): Promise<Session> {
  const handle = `${name}.test`
  const input = { handle, email: `${name}@example.com`, password }
  const { did, accessJwt } = await client.procedure<{ did: string; accessJwt: string }>(
    'com.atproto.server.createAccount',
    input,
  )
  const headers = { authorization: `Bearer ${accessJwt}` }
  const record = { $type: 'app.bsky.actor.profile', displayName }
  const profile = { repo: did, collection: record.$type, rkey: 'self', record }
  await client.procedure('com.atproto.repo.putRecord', profile, headers)
  return { did, handle, password, headers }
}

/** A group with members, and a platform with accounts. */
async function fill(client: XrpcClient): Promise<Session> {
  const olga = await signUp(client, 'olga', 'Olga')
  const people: [name: string, role: string][] = [
    ...([
      ['eddie', 'editor'],
      ['vera', 'viewer'],
      ['ines', 'admin'],
      ['bruno', 'editor'],
    ] as const),
  ].map(([name, role]) => [name, role])
  const members: { did: string; role: string }[] = []
  for (const [name, role] of people) {
    const { did } = await signUp(client, name, name)
    members.push({ did, role })
  }
  const text = 'The greenhouse opens on Saturday at ten. Bring gloves!'
  const createdAt = new Date().toISOString()
  await client.procedure(
    'dev.headwater.group.create',
    {
      ...{ handle: 'garden.test', members },
      records: [
        {
          ...{ collection: 'app.bsky.actor.profile', rkey: 'self' },
          value: { displayName: 'The Garden' },
        },
        { collection: 'app.bsky.feed.post', value: { text, createdAt } },
      ],
    },
    olga.headers,
  )
  const quotas = { accounts: 500, groups: 20, accountsPerHour: 500 }
  const platform = { id: 'allotments', name: 'Allotments', quotas }
  await client.procedure('dev.headwater.admin.createTenant', platform, operator)
  const asTenant = { ...operator, tenant: platform.id }
  const admin = { did: olga.did, role: 'owner' }
  await client.procedure('dev.headwater.tenant.putAdmin', admin, asTenant)
  for (let n = 1; n <= 12; n++) {
    const account = { externalId: `member-${n}`, handle: `plot-${n}.test` }
    await client.procedure('dev.headwater.tenant.createAccount', account, asTenant)
  }
  return olga
}

async function take(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url)
  await page.locator('nav.side').waitFor()
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' })
}

try {
  const server = await startHeadwater({
    PDS_ADMIN_PASSWORD: adminPassword,
    PDS_SERVICE_NAME: 'Garden',
    PDS_PRIMARY_COLOR: '#0f766e',
    PDS_RATE_LIMITS_ENABLED: 'false',
  })
  const url = server.url.replace('127.0.0.1', 'localhost')
  const client = new XrpcClient(url)
  const olga = await fill(client)
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })
  const page = await browser.newPage({ viewport: size, locale: 'en-US' })
  await page.goto(`${url}/account`)
  await page.locator('[name=identifier]').fill(olga.handle)
  await page.locator('[name=password]').fill(password)
  await page.locator('[name=password]').press('Enter')
  await page.locator('nav.side').waitFor()
  await take(page, `${url}/groups/garden.test/members`, 'group')
  await page.goto(`${url}/admin`)
  await page.locator('[name=password]').fill(adminPassword)
  await page.locator('[name=password]').press('Enter')
  await page.locator('nav.side').waitFor()
  // The charts have a point every half minute.
  for (const until = performance.now() + 150_000; performance.now() < until; ) {
    await createPost(client, olga, Math.round(performance.now()))
    await pause(Math.random() * 400)
  }
  await take(page, `${url}/admin`, 'console')
  await browser.close()
  await client.close()
} finally {
  await stopServers()
}
