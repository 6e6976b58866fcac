import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type ListeningSocket, listeningSockets } from '#tests/support/listening-sockets.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'

const isLinux = process.platform === 'linux'
const { server, alice } = await serverWithAccounts(['alice'], { env: { PDS_ENGINE_PORT: '' } })

const urlOf = ({ host, port }: ListeningSocket) => `http://${host}:${port}`

/** The engine's two listeners. */
async function findEngine(): Promise<{ guard: string; metrics: string }> {
  const sockets = listeningSockets(server.pid).filter(({ command }) => command.includes(' start'))
  const urls = sockets.map(urlOf)
  const isGuard = await Promise.all(urls.map(async (url) => (await fetch(`${url}/none`)).status))
  const guard = urls.find((_, i) => isGuard[i] === 404)
  const metrics = urls.find((_, i) => isGuard[i] === 200)
  if (sockets.length !== 2 || !guard || !metrics) throw new Error(`listening: ${urls.join()}`)
  return { guard, metrics }
}

const { engineToken } = JSON.parse(readFileSync(join(server.dir, 'secrets.json'), 'utf8'))

/** The actors of accounts, by key, as only the token's holder sees them. */
async function actors(guard: string): Promise<Map<string, string>> {
  const headers = { authorization: `Bearer ${engineToken}` }
  const url = `${guard}/actors?namespace=default&name=account`
  const { actors } = (await (await fetch(url, { headers })).json()) as {
    actors: { actor_id: string; key: string }[]
  }
  return new Map(actors.map(({ actor_id, key }) => [key, actor_id]))
}

const NEW_ACTOR = JSON.stringify({
  name: 'account',
  key: 'did:plc:made-by-an-unauthenticated-caller',
  runner_name_selector: 'default',
  crash_policy: 'sleep',
})
const POOL = JSON.stringify({ datacenters: { default: { normal: {} } } })

/** What the engine and RivetKit serve at an actor or to administrators. */
const requests = (id: string): [method: string, path: string, body?: string][] => [
  ['GET', '/actors?namespace=default&name=account'],
  ['GET', '/actors/names?namespace=default'],
  ['POST', '/actors?namespace=default', NEW_ACTOR],
  ['PUT', '/actors?namespace=default', NEW_ACTOR],
  ['DELETE', `/actors/${id}?namespace=default`],
  ['GET', `/actors/${id}/kv/keys/Aw==?namespace=default`],
  ['GET', '/namespaces'],
  ['GET', '/datacenters'],
  ['GET', '/envoys?namespace=default'],
  ['GET', '/runners?namespace=default'],
  ['GET', '/runner-configs?namespace=default'],
  ['PUT', '/runner-configs/default?namespace=default', POOL],
  ['DELETE', '/runner-configs/default?namespace=default'],
  ['GET', `/gateway/${id}/inspector/summary`],
  ['GET', `/gateway/${id}/inspector/state`],
  ['GET', `/gateway/${id}/inspector/database/schema`],
  ['POST', `/gateway/${id}/inspector/database/execute`, '{"sql":"SELECT * FROM account"}'],
  ['POST', `/gateway/${id}/inspector/action/session.getSession`, '{"args":[]}'],
  ['POST', `/gateway/${id}/action/session.getSession`, '{"args":[]}'],
  ['POST', `/gateway/${id}/action/lifecycle.end`, '{"args":[]}'],
  ['GET', `/gateway/${id}/request/`],
]

const sockets = (id: string) => [
  '/envoys/connect?protocol_version=1&namespace=default&envoy_key=e&version=9&pool_name=default',
  '/runners/connect?protocol_version=1&namespace=default&runner_key=e&version=9&pool_name=default',
  '/kv/connect?namespace=default',
  `/gateway/${id}/connect`,
  `/gateway/${id}/inspector/connect`,
  `/gateway/${id}/websocket/`,
]

/** What a WebSocket brought until the other side closed it; rejects if that does not happen. */
function listen(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), ['rivet', 'rivet_encoding.json'])
    let received = ''
    socket.onmessage = ({ data }) => (received += String(data))
    socket.onclose = () => resolve(received)
    const timeout = AbortSignal.timeout(20_000)
    timeout.onabort = () => reject(new Error(`${url} stays open`))
  })
}

describe.runIf(isLinux)('listening ports', () => {
  it('a server listens with its gateway, its development PLC, and the two ports of its engine, all on loopback', async () => {
    const found = listeningSockets(server.pid)
    const ofNode = found.filter(({ command }) => command.includes('src/main.ts'))
    const ofEngine = found.filter(({ command }) => command.includes('rivet-engine'))
    expect([ofNode.length, ofEngine.length, found.length]).toEqual([2, 2, 4])
    expect(found.filter(({ host }) => !host.startsWith('127.'))).toEqual([])
    expect(new Set(ofEngine.map(({ host }) => host)).size).toBe(1)
  })

  it("an engine with free ports listens on an address of its own, which is not that of other servers' ports", async () => {
    const { guard } = await findEngine()
    expect(new URL(guard).hostname).not.toBe('127.0.0.1')
    const { port } = new URL(guard)
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow()
  })

  it('the engine refuses every request without its token, and changes nothing', async () => {
    const { guard } = await findEngine()
    const before = await actors(guard)
    const id = before.get(alice.did)!
    expect(id).toMatch(/^\w+$/)
    const answers = await Promise.all(
      requests(id).map(async ([method, path, body]) => {
        const headers = { 'content-type': 'application/json' }
        const answer = await fetch(guard + path, { method, headers, body: body ?? null })
        return { call: `${method} ${path}`, ok: answer.ok, text: await answer.text() }
      }),
    )
    expect(answers.filter(({ ok }) => ok)).toEqual([])
    expect(answers.filter(({ text }) => /alice|password/.test(text))).toEqual([])
    expect(await actors(guard)).toEqual(before)
    expect((await alice.agent.com.atproto.server.getSession()).data.did).toBe(alice.did)
  })

  it('the engine closes every WebSocket without its token, and sends no more than a refusal', async () => {
    const { guard } = await findEngine()
    const id = (await actors(guard)).get(alice.did)!
    const received = await Promise.all(sockets(id).map((path) => listen(guard + path)))
    for (const text of received) expect(text).toMatch(/^$|"code":"Forbidden"/)
  })

  it('an actor that an unauthenticated caller wakes or creates refuses the call', async () => {
    const { guard } = await findEngine()
    const ask = async (method: string, key: string) => {
      const query = new URLSearchParams({
        'rvt-namespace': 'default',
        'rvt-method': method,
        'rvt-key': key,
        ...(method === 'getOrCreate' && {
          'rvt-runner': 'default',
          'rvt-crash-policy': 'sleep',
        }),
      })
      const url = `${guard}/gateway/account/action/session.getSession?${query}`
      const headers = { 'content-type': 'application/json', 'x-rivet-encoding': 'json' }
      const answer = await fetch(url, { method: 'POST', headers, body: '{"args":[]}' })
      return { ok: answer.ok, text: await answer.text() }
    }
    for (const [method, key] of [
      ['get', alice.did],
      ['getOrCreate', 'did:plc:unknown'],
    ] as const) {
      const { ok, text } = await ask(method, key)
      expect(ok).toBe(false)
      expect(text).toContain('Forbidden')
    }
  })

  it("the engine's metrics name no account and no actor", async () => {
    const { guard, metrics } = await findEngine()
    const text = await (await fetch(metrics)).text()
    expect(text).toContain('# TYPE')
    for (const name of [alice.did, alice.handle, (await actors(guard)).get(alice.did)!]) {
      expect(text).not.toContain(name)
    }
  })

  it('the gateway gives metrics and the state of the server to the admin only', async () => {
    for (const path of ['/metrics', '/xrpc/_admin/status']) {
      expect((await fetch(server.url + path)).status).toBe(401)
    }
  })
})
