import { describe, expect, it } from 'vitest'
import { findNamed, listCreated, parseNames } from '#src/cli/accounts-to-delete.ts'
import { UsageError } from '#src/cli/command.ts'
import { type Deletion, type DeletionJob, deleteAccounts } from '#src/cli/delete-accounts.ts'
import { mustConfirm } from '#src/cli/delete-command.ts'
import type { ServerClient } from '#src/cli/server-client.ts'
import { XrpcError } from '#src/errors.ts'

const notFound = () => new XrpcError(400, 'NotFound', 'Account not found')

/** A server with these accounts; `refuse` may throw before the n-th deletion, `lose` after it. */
function testServer(
  names: readonly string[],
  { refuse = (_nth: number) => {}, lose = (_nth: number) => {} } = {},
) {
  const left = new Set(names)
  let calls = 0
  const server = {
    url: 'https://pds.example.com',
    async post(_: string, { did }: { did: string }) {
      const nth = ++calls
      refuse(nth)
      if (!left.delete(did)) throw notFound()
      lose(nth)
    },
  } as unknown as ServerClient
  return { server, left, calls: () => calls }
}

async function run(
  server: ServerClient,
  names: readonly string[],
  more: Partial<DeletionJob> = {},
) {
  const results: Deletion[] = []
  const waits: number[] = []
  let time = 0
  const job: DeletionJob = {
    server,
    perMinute: 30,
    signal: new AbortController().signal,
    onResult: (result) => results.push(result),
    now: () => time,
    wait: async (ms) => {
      waits.push(ms)
      time += ms
    },
    ...more,
  }
  const counts = await deleteAccounts(job, names)
  return { counts, results, waits }
}

const dids = ['did:plc:a', 'did:plc:b', 'did:plc:c']

describe('headwater account delete of many accounts', () => {
  it('accounts are deleted one after another, at the pace that was chosen', async () => {
    const { server, left } = testServer(dids)
    const { counts, waits } = await run(server, dids, { perMinute: 20 })
    expect(counts).toEqual({ deleted: 3, gone: 0, failed: 0 })
    expect([...left]).toEqual([])
    expect(waits).toEqual([3_000, 3_000])
  })

  it('a repetition skips accounts that are gone, without waiting for them', async () => {
    const { server } = testServer(['did:plc:c'])
    const { counts, results, waits } = await run(server, dids)
    expect(counts).toEqual({ deleted: 1, gone: 2, failed: 0 })
    expect(results[0]).toEqual({ account: 'did:plc:a', gone: true })
    expect(waits).toEqual([])
  })

  it('a call that is refused or lost is made again, as late as the server says', async () => {
    const refuse = (nth: number) => {
      if (nth > 1) return
      const headers = { 'retry-after': '7' }
      throw Object.assign(new XrpcError(429, 'RateLimitExceeded', 'too many'), { headers })
    }
    const lose = (nth: number) => {
      if (nth === 2) throw new Error('socket hang up')
    }
    const { server, left } = testServer(['did:plc:a'], { refuse, lose })
    const { counts, waits } = await run(server, ['did:plc:a'])
    expect(counts).toEqual({ deleted: 1, gone: 0, failed: 0 })
    expect([...left]).toEqual([])
    expect(waits).toEqual([7_000, 2_000])
  })

  it('an account that cannot be deleted does not stop the others', async () => {
    const refuse = (nth: number) => {
      if (nth === 1) throw new XrpcError(403, 'Forbidden', 'not this one')
    }
    const { server } = testServer(dids, { refuse })
    const { counts, results } = await run(server, dids)
    expect(counts).toEqual({ deleted: 2, gone: 0, failed: 1 })
    expect(results[0]).toEqual({
      account: 'did:plc:a',
      error: 'Forbidden',
      message: 'not this one',
    })
  })

  it('a wrong admin password, and a server that is away, end the command', async () => {
    const unauthorized = () => {
      throw new XrpcError(401, 'AuthenticationRequired', 'no')
    }
    const refused = testServer(dids, { refuse: unauthorized })
    await expect(run(refused.server, dids)).rejects.toThrow('no')
    expect(refused.calls()).toBe(1)
    const away = testServer([...dids, 'did:plc:d'], {
      refuse: () => {
        throw new Error('ECONNREFUSED')
      },
    })
    await expect(run(away.server, [...dids, 'did:plc:d'])).rejects.toThrow('does not answer')
    expect(away.calls()).toBe(24)
  })

  it('after Ctrl-C the account that is being deleted is the last one', async () => {
    const stop = new AbortController()
    const { server, left } = testServer(dids)
    const onResult = () => stop.abort()
    const { counts } = await run(server, dids, { signal: stop.signal, onResult })
    expect(counts).toEqual({ deleted: 1, gone: 0, failed: 0 })
    expect(left.size).toBe(2)
  })
})

describe('the accounts to delete', () => {
  it('a list has a DID or a handle on each line, or is a table that --dry-run has printed', () => {
    const table = [
      'did                               handle      createdAt',
      'did:plc:abcdefghijklmnopqrstuvwx  bot1.test   2026-06-09T14:00:00.000Z',
      'did:web:bot.example.com           bot2.test   2026-06-09T14:00:01.000Z',
      '# a person',
      '',
      '@Bot3.test',
      'bot3.test',
    ].join('\n')
    expect(parseNames(table)).toEqual([
      'did:plc:abcdefghijklmnopqrstuvwx',
      'did:web:bot.example.com',
      'bot3.test',
    ])
  })

  it('a list with a line that is neither is refused as a whole', () => {
    expect(() => parseNames('bot1.test\nnonsense\n{"did":1}')).toThrow(UsageError)
    expect(() => parseNames('bot1.test\nnonsense')).toThrow(
      /^line 2: neither a DID nor a handle: nonsense$/,
    )
  })

  it('accounts by time and network are read page by page, also past an empty page', async () => {
    const pages: Record<string, object> = {
      first: { accounts: [{ did: 'did:plc:a' }], cursor: '1' },
      1: { accounts: [], cursor: '2' },
      2: { accounts: [{ did: 'did:plc:b' }] },
    }
    const asked: object[] = []
    const server = {
      async get(_: string, params: { cursor?: string }) {
        asked.push(params)
        return pages[params.cursor ?? 'first']
      },
    } as unknown as ServerClient
    const filter = { after: '2026-06-09', before: undefined, network: ['203.0.113.0/24'] }
    const found = await listCreated(server, filter)
    expect(found.map(({ did }) => did)).toEqual(['did:plc:a', 'did:plc:b'])
    expect(asked).toEqual([
      { ...filter, cursor: undefined },
      { ...filter, cursor: '1' },
      { ...filter, cursor: '2' },
    ])
  })

  it('of a list of DIDs and handles those are taken that still exist', async () => {
    const accounts = ['amy', 'ben', 'cat'].map((name) => {
      return { did: `did:plc:${name}`, handle: `${name}.test` }
    })
    const server = { get: async () => ({ accounts }) } as unknown as ServerClient
    const found = await findNamed(server, ['cat.test', 'did:plc:amy', 'gone.test', 'did:plc:gone'])
    expect(found.map(({ handle }) => handle)).toEqual(['amy.test', 'cat.test'])
  })

  it('deleting many accounts takes --yes, or the number and the host as they are typed', async () => {
    const server = { url: 'https://pds.example.com' } as ServerClient
    const confirm = (options: object, answer?: string) => {
      const ask = answer === undefined ? undefined : async () => answer
      return mustConfirm({ server, options: options as never }, 743, ask)
    }
    await confirm({ yes: true })
    await confirm({}, ' delete 743 accounts of pds.example.com\n')
    await expect(confirm({}, 'yes')).rejects.toThrow('nothing was deleted')
    await expect(confirm({}, 'delete 742 accounts of pds.example.com')).rejects.toThrow()
    await expect(confirm({})).rejects.toThrow('add --yes')
  })
})
