/** `headwater drain`, against servers in memory. */
import { describe, expect, it } from 'vitest'
import { UsageError } from '#src/cli/command.ts'
import { readStatus, statusLine } from '#src/cli/drain-status.ts'
import { listAccountsOf, lookUpInvitee, parseInvitees } from '#src/cli/invitees.ts'
import { findInvites, mailInvites } from '#src/cli/move-invites.ts'
import { serverUrl } from '#src/cli/server-url.ts'
import { XrpcError } from '#src/errors.ts'

const noPause = async () => {}

describe('the list of accounts', () => {
  it('has a DID or handle on each line, and an email address if there is one', () => {
    const text =
      'handle,email\n@Alice.example, a@example.com\n\n# gone\ndid:plc:bob\tb@example.com\nc.example'
    expect(parseInvitees(text)).toEqual([
      { name: 'alice.example', email: 'a@example.com' },
      { name: 'did:plc:bob', email: 'b@example.com' },
      { name: 'c.example' },
    ])
  })

  it('is refused as a whole if a line is wrong', () => {
    const parse = () => parseInvitees('alice.example\nbob\nc.example nowhere')
    expect(parse).toThrow(UsageError)
    expect(parse).toThrow(
      'line 2: neither a DID nor a handle: bob\nline 3: not an email address: nowhere',
    )
  })

  it('without a file it is all active accounts of the server', async () => {
    const pages: Record<string, object> = {
      first: { repos: [{ did: 'did:plc:a' }, { did: 'did:plc:b', active: false }], cursor: 'next' },
      next: { repos: [{ did: 'did:plc:c', active: true }] },
    }
    const get = async (_: string, { cursor = 'first' }: { cursor?: string } = {}) => pages[cursor]
    expect(await listAccountsOf({ get } as never)).toEqual([
      { name: 'did:plc:a' },
      { name: 'did:plc:c' },
    ])
  })

  it('the old server says whose they are; a handle of its domains is not kept', async () => {
    let asked = 0
    const get = async (_: string, { repo }: { repo: string }) => {
      if (++asked === 1) throw new XrpcError(503, 'ServiceUnavailable', 'away')
      return { did: 'did:plc:a', handle: repo }
    }
    const look = (name: string) =>
      lookUpInvitee({ get } as never, { name }, ['.old.example'], noPause)
    expect(await look('a.old.example')).toMatchObject({ did: 'did:plc:a', keepsHandle: false })
    expect(await look('a.example')).toMatchObject({ keepsHandle: true })
  })
})

describe('mails with links', () => {
  it('are sent at the pace that was chosen, and a refusal does not stop the others', async () => {
    const waits: number[] = []
    const post = async (_: string, { did }: { did: string }) => {
      if (did === 'did:plc:b') throw new XrpcError(400, 'AlreadyMoved', 'The move has begun')
    }
    const sent: number[] = []
    const problems = await mailInvites(
      {
        ...{ server: { post } as never, perMinute: 30, language: 'en' },
        pause: async (ms) => void waits.push(ms),
        onMail: (n) => sent.push(n),
      },
      ['did:plc:a', 'did:plc:b', 'did:plc:c'].map((did) => ({ did })),
    )
    expect([...problems]).toEqual([['did:plc:b', 'The move has begun']])
    expect([waits, sent]).toEqual([
      [2_000, 2_000],
      [1, 2],
    ])
  })
})

describe('the status', () => {
  const invites = [
    { did: 'did:plc:a', handle: 'a.old.example', state: 'copying' },
    { did: 'did:plc:b', handle: 'b.old.example', state: 'failed', reason: 'away' },
  ]
  const get = async (_: string, params: { state?: string; limit?: number }) => ({
    counts: { invited: 5, moving: 2, done: 13 },
    invites: params.state === 'moving' ? invites : [...invites].slice(0, params.limit),
  })

  it('counts the accounts by state', async () => {
    const { counts, accounts } = await readStatus({ get } as never, 'https://old.example', false)
    expect(counts).toMatchObject({ invited: 5, copying: 1, failed: 1, done: 13 })
    expect(accounts).toHaveLength(2)
    expect(statusLine(counts)).toBe(
      '[#############-------] 13 done, 1 failed, 1 copying, 5 invited of 20',
    )
  })

  it('an account that is not invited is named', async () => {
    const find = (names: string[]) =>
      findInvites({ get } as never, 'https://old.example', { names })
    expect(await find(['@B.old.example'])).toMatchObject([{ did: 'did:plc:b' }])
    await expect(find(['c.old.example'])).rejects.toThrow('not invited: c.old.example')
  })
})

it('a server is its origin, https if nothing else is said', () => {
  expect(serverUrl('old.example')).toBe('https://old.example')
  expect(serverUrl('http://localhost:2600/')).toBe('http://localhost:2600')
  expect(() => serverUrl('no server')).toThrow(UsageError)
})
