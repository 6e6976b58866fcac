import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseAccounts, readAccounts } from '#src/cli/account-file.ts'
import { UsageError } from '#src/cli/command.ts'
import { type Counts, createAccounts, type Entry, type Result } from '#src/cli/create-accounts.ts'
import type { ServerClient } from '#src/cli/server-client.ts'
import { XrpcError } from '#src/errors.ts'

interface Call {
  method: string
  input: Record<string, unknown>
}

/** A server with accounts by handle; `refuse` may throw before a createAccount, `lose` after it. */
function testServer({
  refuse = () => {},
  lose = () => {},
}: {
  refuse?: (call: Call, nth: number) => void
  lose?: (nth: number) => void
} = {}) {
  const accounts = new Map<string, { did: string; email?: string }>()
  const calls: Call[] = []
  let running = 0
  let mostRunning = 0
  const server = {
    url: 'http://localhost',
    async get(method: string, params: Record<string, string> = {}) {
      if (method.endsWith('resolveHandle')) {
        const account = accounts.get(params['handle']!)
        if (account === undefined) throw new XrpcError(400, 'InvalidRequest', 'unable to resolve')
        return { did: account.did }
      }
      return [...accounts.values()].find(({ did }) => did === params['did'])
    },
    async post(method: string, input: Record<string, unknown>) {
      const call = { method, input }
      calls.push(call)
      const nth = calls.length
      mostRunning = Math.max(mostRunning, ++running)
      await new Promise(setImmediate)
      running--
      refuse(call, nth)
      const [handle, email] = [String(input['handle']), input['email'] as string | undefined]
      const did = `did:plc:${handle}`
      accounts.set(handle, { did, ...(email !== undefined && { email }) })
      lose(nth)
      return { did, handle }
    },
  } as unknown as ServerClient
  return { server, accounts, calls, mostRunning: () => mostRunning }
}

const entries = (...handles: string[]): Entry[] =>
  handles.map((handle, i) => ({ line: i + 1, handle, email: `${handle}@example.com` }))

async function create(
  server: ServerClient,
  list: readonly Entry[],
  { concurrency = 1, stopAfter = Number.POSITIVE_INFINITY } = {},
): Promise<{ results: Result[]; counts: Counts; waits: number[] }> {
  const results: Result[] = []
  const waits: number[] = []
  const counts = await createAccounts(
    {
      server,
      concurrency,
      onResult: (result) => void results.push(result),
      isStopped: () => results.length >= stopAfter,
      wait: async (ms) => void waits.push(ms),
    },
    list,
  )
  return { results, counts, waits }
}

describe('createAccounts', () => {
  it('createAccounts gives the generated password of an account that may have been created', async () => {
    const { server, accounts, calls } = testServer({
      lose: () => {
        server.get = () => Promise.reject(new Error('fetch failed'))
        throw new Error('fetch failed')
      },
    })
    const { results } = await create(server, entries('a.test'))
    expect(accounts.has('a.test')).toBe(true)
    expect(results).toMatchObject([{ error: 'Unreachable', password: calls[0]!.input['password'] }])
  })

  it('createAccounts creates each account once, and returns its generated password', async () => {
    const { server, calls } = testServer()
    const { results, counts } = await create(server, entries('a.test', 'b.test'))
    expect(counts).toEqual({ created: 2, skipped: 0, failed: 0 })
    expect(calls).toHaveLength(2)
    expect(results[1]).toMatchObject({ line: 2, did: 'did:plc:b.test' })
    expect(results[1]!.password).toBe(calls[1]!.input['password'])
  })

  it('createAccounts skips accounts that exist, and refuses a handle that has another email', async () => {
    const { server, accounts, calls } = testServer()
    accounts.set('a.test', { did: 'did:plc:a', email: 'A.test@example.com' })
    accounts.set('b.test', { did: 'did:plc:b', email: 'else@example.com' })
    const { results } = await create(server, entries('a.test', 'b.test'))
    expect(results).toEqual([
      { line: 1, handle: 'a.test', did: 'did:plc:a', skipped: 'exists' },
      expect.objectContaining({ line: 2, error: 'HandleNotAvailable' }),
    ])
    expect(calls).toEqual([])
  })

  it('createAccounts waits as long as a 429 says, and tries again', async () => {
    const refuse = (_: Call, nth: number) => {
      if (nth > 1) return
      const error = new XrpcError(429, 'RateLimitExceeded', 'Rate Limit Exceeded')
      throw Object.assign(error, { headers: { 'retry-after': '7' } })
    }
    const { server } = testServer({ refuse })
    const { counts, waits } = await create(server, entries('a.test'))
    expect(waits).toEqual([7000])
    expect(counts.created).toBe(1)
  })

  it('createAccounts returns the password of an account whose creation was not answered', async () => {
    const lose = (nth: number) => {
      if (nth === 1) throw new Error('connection lost')
    }
    const { server, calls } = testServer({ lose })
    const { results } = await create(server, entries('a.test'))
    expect(calls).toHaveLength(1)
    expect(results).toEqual([
      { line: 1, handle: 'a.test', did: 'did:plc:a.test', password: calls[0]!.input['password'] },
    ])
  })

  it('createAccounts gives up on an account that is refused, and goes on with the others', async () => {
    const refuse = ({ input }: Call) => {
      if (input['handle'] === 'a.test') throw new XrpcError(400, 'InvalidHandle', 'not this one')
    }
    const { server } = testServer({ refuse })
    const { results, counts } = await create(server, entries('a.test', 'b.test'))
    expect(counts).toEqual({ created: 1, skipped: 0, failed: 1 })
    expect(results[0]).toEqual({
      ...{ line: 1, handle: 'a.test', error: 'InvalidHandle', message: 'not this one' },
    })
  })

  it('createAccounts creates as many at a time as it is allowed to', async () => {
    const { server, mostRunning } = testServer()
    const list = entries(...Array.from({ length: 20 }, (_, i) => `n${i}.test`))
    await create(server, list, { concurrency: 4 })
    expect(mostRunning()).toBe(4)
  })

  it('createAccounts begins no more accounts once it is stopped', async () => {
    const { server, calls } = testServer()
    const { counts } = await create(server, entries('a.test', 'b.test', 'c.test'), { stopAfter: 1 })
    expect(counts.created).toBe(1)
    expect(calls).toHaveLength(1)
  })
})

describe('createAccounts without a server', () => {
  const away = () => {
    throw new Error('http://localhost cannot be reached: ECONNREFUSED')
  }
  const badGateway = () => {
    throw new XrpcError(502, 'Error', 'Bad Gateway')
  }

  it('createAccounts ends at once if the server does not answer at the start', async () => {
    const { server, calls } = testServer()
    server.get = async () => away()
    await expect(create(server, entries('a.test'))).rejects.toThrow(
      'http://localhost cannot be reached: ECONNREFUSED. No account was created',
    )
    expect(calls).toEqual([])
  })

  it('createAccounts ends at once if the server refuses the password of the admin', async () => {
    const { server, calls } = testServer()
    const refused = new XrpcError(401, 'AuthenticationRequired', 'Bad admin password')
    server.get = async () => Promise.reject(refused)
    await expect(create(server, entries('a.test'))).rejects.toBe(refused)
    expect(calls).toEqual([])
  })

  it.each([
    ['connection', away],
    ['proxy with a server', badGateway],
  ])(
    'createAccounts stops after three accounts in a row without a %s, and says how many are done',
    async (_, fail) => {
      const { server, accounts, calls } = testServer({
        refuse: (_, nth) => (nth > 2 ? fail() : undefined),
      })
      accounts.set('b.test', { did: 'did:plc:b', email: 'b.test@example.com' })
      const names = [...'abcdefghij'].map((name) => `${name}.test`)
      const results: Result[] = []
      const created = createAccounts(
        {
          ...{ server, concurrency: 1, isStopped: () => false, wait: async () => {} },
          onResult: (result) => void results.push(result),
        },
        entries(...names),
      )
      await expect(created).rejects.toThrow(
        'http://localhost does not answer: 3 of 10 accounts are done. Run the command again later: it skips these',
      )
      expect(results.map(({ error }) => error)).toEqual([
        ...[undefined, undefined, undefined],
        ...['Unreachable', 'Unreachable', 'Unreachable'],
      ])
      expect(calls.at(-1)?.input['handle']).toBe('f.test')
    },
  )

  it('createAccounts goes on if an account between two unanswered ones is answered', async () => {
    const lost = ['a.test', 'b.test', 'd.test', 'e.test']
    const refuse = ({ input }: Call) => {
      if (lost.includes(String(input['handle']))) away()
    }
    const { server } = testServer({ refuse })
    const { counts } = await create(server, entries('a.test', 'b.test', 'c.test', ...lost.slice(2)))
    expect(counts).toEqual({ created: 1, skipped: 0, failed: 4 })
  })
})

describe('readAccounts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-accounts-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it.each([
    ['is missing', join(folder, 'none'), `cannot read ${join(folder, 'none')}: it does not exist`],
    ['is a folder', folder, `cannot read ${folder}: it is a folder`],
  ])('readAccounts says that a file %s', (_, path, message) => {
    expect(() => readAccounts(path)).toThrow(new Error(message))
  })

  it('readAccounts says that an empty file has no accounts', () => {
    const path = join(folder, 'empty')
    writeFileSync(path, '\n\n')
    expect(() => readAccounts(path)).toThrow(new UsageError(`${path} has no accounts: it is empty`))
  })
})

describe('parseAccounts', () => {
  it('parseAccounts skips empty lines, and writes handles in lower case', () => {
    expect(
      parseAccounts('{"handle":"@A.test"}\n\n{"handle":"b.test","email":"b@e.org"}\r\n'),
    ).toEqual([
      { line: 1, handle: 'a.test' },
      { line: 3, handle: 'b.test', email: 'b@e.org' },
    ])
  })

  it('parseAccounts names every mistake with its line', () => {
    const lines = [
      ...['{"handle":"a.test"}', '{', '[]', '{"email":"x@example.com"}'],
      ...['{"handle":"b.test","mail":"x"}', '{"handle":"c.test","email":7}', '{"handle":"A.test"}'],
    ]
    expect(() => parseAccounts(lines.join('\n'))).toThrow(
      [
        'line 2: not JSON',
        'line 3: not an object',
        'line 4: handle is missing',
        'line 5: unknown field mail (known: handle, email, password, inviteCode, recoveryKey)',
        'line 6: email must be a string',
        'line 7: the handle is on line 1 too',
      ].join('\n'),
    )
  })
})
