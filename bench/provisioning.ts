/** Accounts that a tenant creates in bulk, on a whole server: `npx node bench/provisioning.ts`. */

import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createAccount, createPost } from './server-under-test.ts'
import { type RunningServer, startHeadwater, stopServers } from './servers.ts'
import { XrpcClient } from './xrpc-client.ts'

const { values: options } = parseArgs({
  options: {
    accounts: { type: 'string', default: '2000' },
    /** Without it, other calls do not run meanwhile. */
    live: { type: 'boolean', default: false },
  },
})
const adminPassword = 'bench'
const operator = {
  authorization: `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`,
}
const headers = { ...operator, tenant: 'bench' }

function print(row: string, ...figures: string[]): void {
  console.log(`${row.padEnd(58)} ${figures.join(', ')}`)
}

function percentiles(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  return `p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms (${sorted.length} calls)`
}

/** Megabytes. */
function rss({ pid }: RunningServer): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

/** Milliseconds that a process has used. */
function cpu(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** Milliseconds that the children of a process and theirs have used: the engine. */
function cpuOfChildren(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  const pids = children === '' ? [] : children.split(' ').map(Number)
  return pids.reduce((sum, child) => sum + cpu(child) + cpuOfChildren(child), 0)
}

/** Accounts that are awake. */
async function awake(url: string): Promise<number> {
  const answer = await fetch(`${url}/metrics`, { headers: operator })
  return Number(/^headwater_accounts_awake (\d+)$/m.exec(await answer.text())![1])
}

/** Sends the rows, and counts the results by status. */
async function createAccounts(
  url: string,
  rows: readonly object[],
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const target = `${url}/xrpc/dev.headwater.tenant.createAccounts`
  const sent = { ...headers, 'content-type': 'application/x-ndjson' }
  await new Promise<void>((resolve, reject) => {
    const call = request(target, { method: 'POST', headers: sent }, async (response) => {
      for await (const line of createInterface({ input: response })) {
        const { status, error } = JSON.parse(line)
        if (status === undefined) continue
        counts[status] = (counts[status] ?? 0) + 1
        if (status === 'error' && counts[status] < 4) console.log(error, line)
      }
      resolve()
    })
    call.on('error', reject)
    call.end(rows.map((row) => JSON.stringify(row)).join('\n'))
  })
  return counts
}

/** Writes one after another until the signal; the times of all. */
async function write(client: XrpcClient, isDone: () => boolean): Promise<number[]> {
  const account = await createAccount(client)
  const times: number[] = []
  for (let n = 0; !isDone(); n++) {
    const begin = performance.now()
    await createPost(client, account, n)
    times.push(performance.now() - begin)
    await sleep(20)
  }
  return times
}

try {
  const server = await startHeadwater({
    PDS_ADMIN_PASSWORD: adminPassword,
    PDS_RATE_LIMITS_ENABLED: 'false',
  })
  const client = new XrpcClient(server.url)
  const count = Number(options.accounts)
  await client.procedure(
    'dev.headwater.admin.createTenant',
    {
      ...{ id: 'bench', name: 'Bench' },
      quotas: { accounts: 10 * count, groups: count, accountsPerHour: 10 * count },
    },
    operator,
  )
  // The first calls load what they need.
  await createAccounts(
    server.url,
    Array.from({ length: 20 }, (_, i) => ({ externalId: `w${i}` })),
  )

  const single: number[] = []
  for (let n = 0; n < 100; n++) {
    const members = [{ did: `did:web:m${n}.example.com`, role: 'owner' }]
    const records = ['one', 'two'].map((rkey) => ({
      ...{ collection: 'com.example.thing', rkey, value: { n } },
    }))
    const begin = performance.now()
    const input = { externalId: `g${n}`, kind: 'group', members, records }
    await client.procedure('dev.headwater.tenant.createAccount', input, headers)
    single.push(performance.now() - begin)
  }
  print('one group with a member and 2 records, PLC included', percentiles(single))

  if (options.live) {
    const until = performance.now() + 5_000
    print('createRecord, alone', percentiles(await write(client, () => performance.now() > until)))
  }
  // The groups fall asleep, which costs the engine more than the accounts of the file.
  for (let n = 0; n < 80 && (await awake(server.url)) > 3; n++) await sleep(500)
  const before = rss(server)
  let isDone = false
  const live = options.live ? write(client, () => isDone) : undefined
  const begin = performance.now()
  const [server0, engine0] = [cpu(server.pid), cpuOfChildren(server.pid)]
  const bench0 = process.cpuUsage()
  const rows = Array.from({ length: count }, (_, i) => ({ externalId: `a${i}` }))
  const counts = await createAccounts(server.url, rows)
  const seconds = (performance.now() - begin) / 1000
  isDone = true
  const used = process.cpuUsage(bench0)
  const ofEach = (ms: number) => (ms / count).toFixed(2)
  print(
    'CPU time of an account',
    `${ofEach(cpu(server.pid) - server0)} ms server`,
    `${ofEach(cpuOfChildren(server.pid) - engine0)} ms engine`,
    `${ofEach((used.user + used.system) / 1000)} ms PLC directory and client`,
  )
  print('createAccounts', JSON.stringify(counts), `${(count / seconds).toFixed(0)}/s`)
  if (live !== undefined) print('createRecord meanwhile', percentiles(await live))
  print('resident memory', `${before.toFixed(0)} MB before, ${rss(server).toFixed(0)} MB after`)
  print('accounts awake', `${await awake(server.url)}`)
  const again = performance.now()
  await createAccounts(server.url, rows)
  print('the same file again', `${(count / ((performance.now() - again) / 1000)).toFixed(0)}/s`)
  await sleep(30_000)
  print('30 s later', `${rss(server).toFixed(0)} MB`)
  await client.close()
} finally {
  await stopServers()
}
