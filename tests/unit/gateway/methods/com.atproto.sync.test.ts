import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { invalidRequest, unavailable } from '#src/errors.ts'
import {
  asAccount,
  asAdmin,
  did,
  type Gateway,
  get,
  openGateway,
  outcome,
} from '#tests/support/gateway.ts'

const cid = 'bafyreib2rxk3rybloqtqwbo7xkhc4h2qkcq6wdzx2vdvpwz2hbz4lnpvpy'

function page(byte: number, done = false) {
  return { bytes: Uint8Array.of(byte), done }
}

describe('getRepo', () => {
  const exporting = (pages: object[]) => {
    const left = [...pages]
    const next = () => {
      const page = left.shift()
      if (page instanceof Error) throw page
      return page
    }
    return openGateway({
      account: {
        sync: {
          openExport: () => ({ id: 'export', first: next() }),
          readExport: next,
          closeExport: () => {},
        },
      },
    })
  }
  const path = `com.atproto.sync.getRepo?did=${did}`
  const callsOf = ({ calls }: ReturnType<typeof exporting>, name: string) =>
    calls.filter(([action]) => action === `sync.${name}`).length

  it('getRepo sends page after page', async () => {
    const gateway = exporting([page(1), page(2), page(3, true)])
    const response = await get(gateway, `${path}&since=3lbfyc5c2ck2a`)
    expect(response.headers.get('content-type')).toBe('application/vnd.ipld.car')
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([1, 2, 3])
    expect(gateway.calls.slice(1)).toEqual([
      ['sync.openExport', { since: '3lbfyc5c2ck2a', first: true }, 'anyone'],
      ['sync.readExport', { id: 'export', n: 1 }],
      ['sync.readExport', { id: 'export', n: 2 }],
    ])
  })

  it('getRepo reads the first page of an account of an older release', async () => {
    const sync = { openExport: () => ({ id: 'export' }), readExport: () => page(1, true) }
    const gateway = openGateway({ account: { sync } })
    const response = await get(gateway, path)
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([1])
    expect(gateway.calls.at(-1)).toEqual(['sync.readExport', { id: 'export', n: 0 }])
  })

  it('getRepo reads at most one page ahead, and closes the export when the client leaves', async () => {
    const gateway = exporting([page(1), page(2), page(3), page(4, true)])
    const response = await get(gateway, path)
    expect(callsOf(gateway, 'readExport')).toBe(0)
    const reader = response.body!.getReader()
    await reader.read()
    expect(callsOf(gateway, 'readExport')).toBe(1)
    await reader.cancel()
    expect(callsOf(gateway, 'readExport')).toBe(1)
    expect(gateway.calls.at(-1)).toEqual(['sync.closeExport', { id: 'export' }])
  })

  it.each([['identity'], ['gzip']])(
    'getRepo closes the export of a client that leaves before the first byte (%s)',
    async (encoding) => {
      const gateway = exporting([page(1), page(2), page(3, true)])
      const response = await get(gateway, path, { 'accept-encoding': encoding })
      await response.body!.cancel()
      await expect.poll(() => callsOf(gateway, 'closeExport')).toBe(1)
    },
  )

  it('getRepo closes the export of a client that leaves a compressed answer', async () => {
    const large = () => ({ bytes: randomBytes(400_000), done: false })
    const gateway = exporting([large(), large(), large(), large(), page(1, true)])
    const response = await get(gateway, path, { 'accept-encoding': 'gzip' })
    const reader = response.body!.getReader()
    await reader.read()
    await reader.cancel()
    await expect.poll(() => callsOf(gateway, 'closeExport')).toBe(1)
  })

  it('getRepo closes nothing after it has sent everything', async () => {
    const gateway = exporting([page(1), page(2, true)])
    await (await get(gateway, path)).arrayBuffer()
    expect(callsOf(gateway, 'closeExport')).toBe(0)
  })

  it('HEAD of getRepo closes the export', async () => {
    const gateway = exporting([page(1), page(2, true)])
    const response = await gateway.app.request(`/xrpc/${path}`, { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(callsOf(gateway, 'closeExport')).toBe(1)
  })

  it('getRepo answers with an error if the first page fails', async () => {
    const gateway = exporting([invalidRequest('Repo has been taken down', 'RepoTakendown')])
    const answer = await outcome(get(gateway, path))
    expect(answer).toMatchObject({ status: 400, error: 'RepoTakendown' })
  })

  it('getRepo that has no place answers 503 with Retry-After', async () => {
    const response = await get(exporting([unavailable('Too many exports at once')]), path)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('10')
  })

  it('getRepo breaks off if a later page fails, and closes the export', async () => {
    const gateway = exporting([page(1), new Error('lost'), page(2, true)])
    const response = await get(gateway, path)
    await expect(response.arrayBuffer()).rejects.toThrow('lost')
    expect(callsOf(gateway, 'closeExport')).toBe(1)
  })

  it('getRepo of an unknown account is rejected', async () => {
    const unknown = 'com.atproto.sync.getRepo?did=did:plc:strangerstrangerstranger'
    const answer = await outcome(get(openGateway(), unknown))
    expect(answer).toMatchObject({ status: 400, error: 'RepoNotFound' })
  })

  it('getCheckout exports for the admin', async () => {
    const gateway = exporting([page(1, true)])
    await get(gateway, `com.atproto.sync.getCheckout?did=${did}`, asAdmin())
    expect(gateway.calls[1]).toEqual(['sync.openExport', { first: true }, 'admin'])
  })
})

it('getBlocks takes many CIDs, and rejects anything else', async () => {
  const gateway = openGateway({ account: { sync: { getBlocks: () => Uint8Array.of(7) } } })
  const path = `com.atproto.sync.getBlocks?did=${did}`
  const response = await get(gateway, `${path}&cids=${cid}&cids=${cid}`)
  expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([7])
  expect(gateway.calls.at(-1)).toEqual(['sync.getBlocks', { cids: [cid, cid] }, 'anyone'])
  expect(await outcome(get(gateway, `${path}&cids=zzz`))).toMatchObject({ status: 400 })
  expect(await outcome(get(gateway, path))).toMatchObject({ status: 400 })
})

describe('listRepos', () => {
  const account = (name: string, status = 'active') => ({
    did: `did:plc:${name}`,
    handle: `${name}.test`,
    status,
    createdAt: '2026-11-20T00:00:00.000Z',
  })

  it('listRepos joins accounts and heads, and omits repos without a head', async () => {
    const accounts = [account('alice'), account('bob', 'takendown'), account('unborn')]
    const heads = {
      'did:plc:alice': { head: cid, rev: '3lbfyc5c2ck2a' },
      'did:plc:bob': { head: cid, rev: '3lbfyc5c2ck2b' },
    }
    const gateway = openGateway({
      directory: { accounts: { list: () => ({ accounts, cursor: '1::did:plc:unborn' }) } },
      sequencer: { heads: { of: () => heads } },
    })
    const response = await get(gateway, 'com.atproto.sync.listRepos?limit=3&cursor=0::did:plc:a')
    expect(await response.json()).toEqual({
      cursor: '1::did:plc:unborn',
      repos: [
        { did: 'did:plc:alice', head: cid, rev: '3lbfyc5c2ck2a', active: true },
        {
          did: 'did:plc:bob',
          head: cid,
          rev: '3lbfyc5c2ck2b',
          active: false,
          status: 'takendown',
        },
      ],
    })
    expect(gateway.calls).toEqual([
      ['accounts.list', { limit: 3, cursor: '0::did:plc:a' }],
      ['heads.of', { dids: ['did:plc:alice', 'did:plc:bob', 'did:plc:unborn'] }],
    ])
  })
})

describe('heads and statuses', () => {
  const head = { head: cid, rev: '3lbfyc5c2ck2a' }
  const ofAccount = { cid: 'newest', rev: '3lbfyc5c2ck2b' }

  function gatewayWith(state: { status: string; mayHaveEvents: boolean } | null, isAwake = false) {
    return openGateway({
      isAwake,
      account: {
        sync: {
          getLatestCommit: () => ofAccount,
          getHead: () => ({ root: ofAccount.cid }),
          getRepoStatus: () => ({ did, active: true, rev: ofAccount.rev }),
        },
      },
      directory: { accounts: { getRepoState: () => state } },
      sequencer: { heads: { of: () => ({ [did]: head }) } },
    })
  }

  const read = async (gateway: Gateway, name: string, headers = {}) => {
    const response = await get(gateway, `com.atproto.sync.${name}?did=${did}`, headers)
    const asked = gateway.calls.some(([action]) => action.startsWith('sync.'))
    return { answer: await response.json(), asked }
  }

  it('the head and the status of a sleeping account are read from the sequencer', async () => {
    const state = { status: 'active', mayHaveEvents: false }
    for (const [name, answer] of [
      ['getLatestCommit', { cid, rev: head.rev }],
      ['getHead', { root: cid }],
      ['getRepoStatus', { did, active: true, rev: head.rev }],
    ] as const) {
      expect(await read(gatewayWith(state), name)).toEqual({ answer, asked: false })
    }
  })

  it('an account that is awake, or may have undelivered events, is asked for its head and status', async () => {
    const gateways = () => [
      gatewayWith({ status: 'active', mayHaveEvents: false }, true),
      gatewayWith({ status: 'active', mayHaveEvents: true }),
      gatewayWith({ status: 'takendown', mayHaveEvents: true }),
    ]
    for (const gateway of gateways()) {
      expect(await read(gateway, 'getLatestCommit')).toEqual({ answer: ofAccount, asked: true })
    }
    for (const gateway of gateways()) {
      expect(await read(gateway, 'getHead')).toMatchObject({ asked: true })
    }
    for (const gateway of gateways()) {
      expect(await read(gateway, 'getRepoStatus')).toMatchObject({ asked: true })
    }
  })

  it.each([
    ['deactivated', 'RepoDeactivated'],
    ['takendown', 'RepoTakendown'],
    ['suspended', 'RepoSuspended'],
    ['deleted', 'RepoNotFound'],
  ])(
    'a sleeping account that is %s is refused with %s without being asked',
    async (status, error) => {
      for (const name of ['getLatestCommit', 'getHead']) {
        const gateway = gatewayWith({ status, mayHaveEvents: false })
        expect(await read(gateway, name)).toMatchObject({ answer: { error }, asked: false })
      }
      const { answer, asked } = await read(
        gatewayWith({ status, mayHaveEvents: false }),
        'getRepoStatus',
      )
      expect(asked).toBe(false)
      expect(answer).toMatchObject(
        status === 'deleted' ? { error } : { did, active: false, status },
      )
    },
  )

  it('an account whose directory entry is gone is not found', async () => {
    for (const name of ['getLatestCommit', 'getHead', 'getRepoStatus']) {
      const expected = { answer: { error: 'RepoNotFound' }, asked: false }
      expect(await read(gatewayWith(null), name)).toMatchObject(expected)
    }
  })

  it('the account itself and the admin are answered by an account that is not active', async () => {
    const state = { status: 'deactivated', mayHaveEvents: false }
    for (const headers of [asAccount(), asAdmin()]) {
      const found = await read(gatewayWith(state), 'getLatestCommit', headers)
      expect(found).toEqual({ answer: ofAccount, asked: true })
    }
  })
})

it('reads of an account by others wait for its own if it sleeps', async () => {
  const gateway = openGateway({
    account: { blob: { list: () => ({ cids: [] }) }, repo: { describeRepo: () => ({}) } },
  })
  const incoming = { socket: {}, headers: {} }
  const list = (headers: object) =>
    gateway.app.request(
      `/xrpc/com.atproto.sync.listBlobs?did=${did}`,
      { headers: headers as Record<string, string> },
      { incoming },
    )
  for (const headers of [{}, asAccount('did:plc:bob'), asAccount(), asAdmin()]) await list(headers)
  expect(gateway.callers).toEqual(['192.0.2.1', '192.0.2.1', undefined, undefined])
})
