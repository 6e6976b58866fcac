import { describe, expect, it, vi } from 'vitest'
import { invalidRequest } from '#src/errors.ts'
import { asAccount, did, get, handle, openGateway, outcome, post } from '#tests/support/gateway.ts'
import type { MemoryBlobStorage } from '#tests/support/memory-blobs.ts'

const create = { $type: 'com.atproto.repo.applyWrites#create', collection: 'a.b.c', value: {} }

describe('writes', () => {
  const writing = () => {
    const done = () => ({ results: [] })
    const repo = { putRecord: done, deleteRecord: done, applyWrites: done, createRecord: done }
    return openGateway({ account: { repo } })
  }

  it.each([
    ['createRecord', { collection: 'a.b.c', record: { n: 1 }, validate: false, rkey: 'self' }],
    ['putRecord', { collection: 'a.b.c', record: {}, rkey: 'self', swapRecord: null }],
    ['deleteRecord', { collection: 'a.b.c', rkey: 'self' }],
    ['applyWrites', { writes: [create] }],
  ])(
    '%s passes its input to the account, without the repo, and what the caller writes with',
    async (name, input) => {
      const gateway = writing()
      const method = `com.atproto.repo.${name}`
      const body = { repo: did, ...input, client: 'https://other.example.com/client.json' }
      const response = await post(gateway, method, body, asAccount())
      expect(response.status).toBe(200)
      expect(gateway.calls.at(-1)).toEqual([`repo.${name}`, { ...input, client: 'session' }])
    },
  )

  it.each([
    ['a missing key', 'deleteRecord', { collection: 'a.b.c' }],
    ['an invalid key', 'putRecord', { collection: 'a.b.c', rkey: 'a/b', record: {} }],
    ['an invalid collection', 'createRecord', { collection: 'posts', record: {} }],
    ['an invalid record', 'createRecord', { collection: 'a.b.c', record: 'text' }],
    ['a float', 'createRecord', { collection: 'a.b.c', record: { n: 1.5 } }],
    ['an invalid swapCommit', 'deleteRecord', { collection: 'a.b.c', rkey: 'a', swapCommit: 'x' }],
    ['an unknown write', 'applyWrites', { writes: [{ ...create, $type: 'a.b.c#move' }] }],
    ['a write without a type', 'applyWrites', { writes: [{ collection: 'a.b.c', value: {} }] }],
    ['too many writes', 'applyWrites', { writes: Array(201).fill(create) }],
  ])('a write with %s is rejected before it reaches the account', async (_, name, input) => {
    const gateway = writing()
    const method = `com.atproto.repo.${name}`
    const answer = await outcome(post(gateway, method, { repo: did, ...input }, asAccount()))
    expect(answer).toMatchObject({ status: 400, error: 'InvalidRequest' })
    expect(gateway.calls.filter(([action]) => action.startsWith('repo.'))).toEqual([])
  })

  it.each([
    ['createRecord', { collection: 'a.b.c', record: {} }],
    ['putRecord', { collection: 'a.b.c', record: {}, rkey: 'self' }],
    ['deleteRecord', { collection: 'a.b.c', rkey: 'self' }],
    ['applyWrites', { writes: [create] }],
  ])('%s is refused for an account that has moved to another server', async (name, input) => {
    const gateway = writing()
    const moved = invalidRequest('This account has moved')
    vi.spyOn(gateway.server.movedAccounts, 'mustBeHere').mockImplementation((moving) => {
      if (moving === did) throw moved
    })
    const method = `com.atproto.repo.${name}`
    const answer = await outcome(post(gateway, method, { repo: did, ...input }, asAccount()))
    expect(answer).toMatchObject({ status: 400, message: 'This account has moved' })
    expect(gateway.calls.filter(([action]) => action.startsWith('repo.'))).toEqual([])
  })

  it('write methods accept a body of 1 MB, other methods only 150 KiB', async () => {
    const record = { text: 'x'.repeat(900_000) }
    const input = { repo: did, collection: 'a.b.c', record }
    const response = await post(writing(), 'com.atproto.repo.createRecord', input, asAccount())
    expect(response.status).toBe(200)
    const longer = { ...input, record: { text: 'x'.repeat(1_000_000) } }
    const refused = outcome(post(writing(), 'com.atproto.repo.createRecord', longer, asAccount()))
    expect(await refused).toMatchObject({ status: 413, error: 'PayloadTooLarge' })
    const session = { identifier: 'x'.repeat(160_000), password: 'x' }
    const other = outcome(post(writing(), 'com.atproto.server.createSession', session))
    expect(await other).toMatchObject({ status: 413, error: 'PayloadTooLarge' })
  })
})

describe('describeRepo', () => {
  const description = { did, handle, collections: ['a.b.c'] }
  const describing = (alsoKnownAs: string[] | undefined) => {
    const gateway = openGateway({ account: { repo: { describeRepo: () => description } } })
    const document = alsoKnownAs && { id: did, alsoKnownAs }
    const resolver = { resolve: async () => document }
    const server = { resolver } as never
    return alsoKnownAs === undefined
      ? gateway
      : openGateway({ account: { repo: { describeRepo: () => description } } }, { server })
  }
  const ask = (names?: string[]) =>
    get(describing(names), `com.atproto.repo.describeRepo?repo=${handle}`)

  it('describeRepo adds the DID document, and whether it has the handle', async () => {
    expect(await (await ask(['at://alice.test'])).json()).toEqual({
      ...description,
      didDoc: { id: did, alsoKnownAs: ['at://alice.test'] },
      handleIsCorrect: true,
    })
    expect(await (await ask(['at://bob.test'])).json()).toMatchObject({ handleIsCorrect: false })
    expect(await (await ask([])).json()).toMatchObject({ handleIsCorrect: false })
  })

  it('describeRepo is rejected if the DID has no document', async () => {
    expect(await outcome(ask())).toMatchObject({ status: 400, error: 'InvalidRequest' })
  })
})

it.each([
  ['getRecord', 'InvalidRequest'],
  ['listRecords', 'InvalidRequest'],
  ['describeRepo', 'RepoNotFound'],
])('%s of a repo on another server is rejected with %s', async (name, error) => {
  const params = name === 'describeRepo' ? '' : '&collection=a.b.c&rkey=a'
  const path = `com.atproto.repo.${name}?repo=bob.test${params}`
  const account = vi.fn()
  const gateway = openGateway({ account: { repo: { [name]: account } } })
  expect(await outcome(get(gateway, path))).toMatchObject({ status: 400, error })
  expect(account).not.toHaveBeenCalled()
})

it('an empty applyWrites needs the OAuth scope for every collection', async () => {
  const asked: object[] = []
  const permissions = { assertRepo: (match: object) => asked.push(match) }
  const gateway = openGateway(
    { account: { repo: { applyWrites: () => ({ results: [] }) } } },
    { authenticate: (async () => ({ did, scope: 'oauth', permissions })) as never },
  )
  const response = await post(gateway, 'com.atproto.repo.applyWrites', { repo: did, writes: [] })
  expect(response.status).toBe(200)
  expect(asked).toEqual([{ action: 'update', collection: '*' }])
})

describe('uploadBlob', () => {
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

  /** An upload with OAuth permissions for these types, or with a session. */
  async function upload(body: Uint8Array | string, type: string, allowed?: string) {
    const permissions = {
      assertBlob: ({ mime }: { mime: string }) => {
        if (mime === allowed) return
        throw Object.assign(new Error('missing'), { name: 'ScopeMissingError', scope: 'blob' })
      },
    }
    const gateway = openGateway(
      { account: { blob: { add: ({ mimeType }: { mimeType: string }) => ({ mimeType }) } } },
      allowed === undefined
        ? {}
        : { authenticate: (async () => ({ did, scope: 'oauth', permissions })) as never },
    )
    const response = await gateway.app.request('/xrpc/com.atproto.repo.uploadBlob', {
      method: 'POST',
      body: body as string,
      headers: { ...asAccount(), 'content-type': type, 'transfer-encoding': 'chunked' },
    })
    const answer = (await response.json()) as { blob?: { mimeType: string }; error?: string }
    const { files } = gateway.server.blobs as MemoryBlobStorage
    return { status: response.status, type: answer.blob?.mimeType, error: answer.error, files }
  }

  it.each([
    ['words', 'text/plain', 'text/plain'],
    ['words', '*/*', 'application/octet-stream'],
    ['words', 'image/*', 'application/octet-stream'],
    ['words', 'jpeg', 'image/jpeg'],
    ['words', 'PNG', 'image/png'],
    [png, '*/*', 'image/png'],
    [png, 'text/plain', 'image/png'],
  ])('uploadBlob stores %s of type %s as %s', async (body, type, stored) => {
    expect(await upload(body, type)).toMatchObject({ status: 200, type: stored })
  })

  it.each(['constructor', 'unknown', 'a b'])('uploadBlob refuses the type %s', async (type) => {
    expect(await upload('words', type)).toMatchObject({ status: 400, error: 'InvalidRequest' })
  })

  it('uploadBlob refuses an empty body, and keeps nothing', async () => {
    const { status, files } = await upload('', 'text/plain')
    expect([status, files.size]).toEqual([400, 0])
  })

  it('uploadBlob requires the scope for what the bytes are, not only for what the caller says', async () => {
    expect(await upload(png, 'image/png', 'image/png')).toMatchObject({ status: 200 })
    const lie = await upload(png, 'text/plain', 'text/plain')
    expect([lie.status, lie.error, lie.files.size]).toEqual([403, 'ScopeMissingError', 0])
    expect((await upload('words', 'image/png', 'text/plain')).status).toBe(403)
  })
})
