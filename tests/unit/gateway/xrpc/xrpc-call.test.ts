import { describe, expect, it, vi } from 'vitest'
import { invalidRequest, unavailable, XrpcError } from '#src/errors.ts'
import { asAccount, did, get, handle, openGateway, outcome, post } from '#tests/support/gateway.ts'

const record = { $type: 'app.bsky.feed.post', text: 'hi', createdAt: '2026-11-20T00:00:00.000Z' }
const createRecord = 'com.atproto.repo.createRecord'
const query = `repo=${did}&collection=app.bsky.feed.post&rkey=3lbfyc5c2ck2a`

function writing() {
  return openGateway({
    account: { repo: { createRecord: () => ({ uri: 'at://x', cid: 'bafy' }) } },
  })
}

describe('a call', () => {
  it('a call passes the validated input to the account', async () => {
    const gateway = writing()
    const input = { repo: handle, collection: 'app.bsky.feed.post', record }
    const response = await post(gateway, createRecord, input, asAccount())
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ uri: 'at://x', cid: 'bafy' })
    const { repo: _, ...rest } = input
    expect(gateway.calls).toContainEqual(['repo.createRecord', { ...rest, client: 'session' }])
    expect(gateway.observed).toEqual([[createRecord, 200]])
  })

  it('a call passes JSON text on as it is', async () => {
    const json = '{"uri": "at://x"}'
    const gateway = openGateway({ account: { repo: { getRecord: () => ({ json }) } } })
    const response = await get(gateway, `com.atproto.repo.getRecord?${query}`)
    expect(await response.text()).toBe(json)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(gateway.calls.at(-1)).toEqual([
      'repo.getRecord',
      { collection: 'app.bsky.feed.post', rkey: '3lbfyc5c2ck2a' },
    ])
  })

  it('a call fills in defaults and converts parameters', async () => {
    const listRecords = vi.fn(() => ({ json: '{"records":[]}' }))
    const gateway = openGateway({ account: { repo: { listRecords } } })
    await get(gateway, `com.atproto.repo.listRecords?repo=${did}&collection=a.b.c&reverse=true`)
    expect(listRecords).toHaveBeenCalledWith({ collection: 'a.b.c', limit: 50, reverse: true })
  })

  it('a call checks parameters first, then credentials, then the body', async () => {
    const gateway = writing()
    const bad = await outcome(
      get(gateway, 'com.atproto.sync.getRepo?did=nobody', { authorization: 'x' }),
    )
    expect(bad).toMatchObject({ status: 400, error: 'InvalidRequest' })
    const nameless = await outcome(post(gateway, createRecord, '{'))
    expect(nameless).toMatchObject({ status: 401, error: 'AuthMissing' })
    const broken = await outcome(post(gateway, createRecord, '{', asAccount()))
    expect(broken).toMatchObject({ status: 400, error: 'InvalidRequest' })
    expect(gateway.calls).toEqual([])
  })
})

describe('a call that is rejected', () => {
  it.each([
    [
      'another verb',
      'com.atproto.repo.createRecord',
      400,
      'Incorrect HTTP method (GET) expected POST',
    ],
    [
      'an unknown method',
      'com.example.unknown',
      400,
      'No service configured for com.example.unknown',
    ],
    ['no method', '', 400, 'invalid xrpc path'],
    ['a path below a method', 'com.atproto.repo.getRecord/more', 400, 'invalid xrpc path'],
    ['one word', 'health', 400, 'invalid xrpc path'],
  ])('a call is rejected for %s', async (_, path, status, message) => {
    expect(await outcome(get(openGateway(), path))).toMatchObject({ status, message })
  })

  it('POST to a query is rejected', async () => {
    const answer = await outcome(post(openGateway(), 'com.atproto.server.describeServer', {}))
    const message = 'Incorrect HTTP method (POST) expected GET'
    expect(answer).toEqual({ status: 400, error: 'InvalidRequest', message })
  })

  it.each([
    ['a limit beyond its bound', 'limit=1000'],
    ['a limit of nothing', 'limit=0'],
    ['a limit that is no number', 'limit=many'],
    ['a limit no integer can be', 'limit=99999999999999999999'],
    ['a parameter twice', 'limit=1&limit=2'],
    ['no collection', 'collection='],
    ['__proto__', '__proto__=1'],
  ])('a call is rejected for %s', async (_, params) => {
    const path = `com.atproto.repo.listRecords?repo=${did}&${params}`
    const withCollection = params.startsWith('collection') ? path : `${path}&collection=a.b.c`
    const gateway = openGateway()
    expect(await outcome(get(gateway, withCollection))).toMatchObject({ status: 400 })
    expect(gateway.calls).toEqual([])
  })

  it('NUL in an identifier is rejected', async () => {
    const path = 'com.atproto.repo.describeRepo?repo=alice%00.test'
    expect(await outcome(get(openGateway(), path))).toMatchObject({ status: 400 })
  })

  it("a write to another account's repo is rejected", async () => {
    const gateway = writing()
    const input = { repo: did, collection: 'a.b.c', record: {} }
    const unknownAccount = asAccount('did:plc:strangerstrangerstranger')
    expect(await outcome(post(gateway, createRecord, input, unknownAccount))).toEqual({
      status: 401,
      error: 'AuthenticationRequired',
      message: 'Authentication Required',
    })
    expect(gateway.calls.map(([action]) => action)).toEqual(['accounts.find'])
  })

  it('a write to a repo that is not here is rejected', async () => {
    const input = { repo: 'bob.test', collection: 'a.b.c', record: {} }
    const answer = await outcome(post(writing(), createRecord, input, asAccount()))
    expect(answer).toMatchObject({ status: 403, error: 'AccountNotFound' })
  })

  it('a body that does not match the lexicon is rejected', async () => {
    const gateway = writing()
    const answer = outcome(
      post(gateway, createRecord, { repo: did, collection: 'a.b.c' }, asAccount()),
    )
    expect(await answer).toMatchObject({ status: 400, error: 'InvalidRequest' })
    expect((await answer).message).toContain('record')
  })
})

describe('an error in an actor', () => {
  const failing = (error: unknown) =>
    openGateway({
      account: {
        repo: {
          getRecord: () => {
            throw error
          },
        },
      },
    })

  it('an error for the caller is returned as it is', async () => {
    const gateway = failing(invalidRequest('no such record', 'RecordNotFound'))
    const answer = await outcome(get(gateway, `com.atproto.repo.getRecord?${query}`))
    expect(answer).toEqual({ status: 400, error: 'RecordNotFound', message: 'no such record' })
    expect(gateway.errors).toEqual([])
  })

  it('an unexpected error is logged, and returned as InternalServerError', async () => {
    const error = new Error('secret of our insides')
    const gateway = failing(error)
    const answer = await outcome(get(gateway, `com.atproto.repo.getRecord?${query}`))
    expect(answer).toEqual({
      status: 500,
      error: 'InternalServerError',
      message: 'Internal Server Error',
    })
    expect(gateway.errors).toEqual([{ method: 'com.atproto.repo.getRecord', err: error }])
    expect(gateway.observed).toEqual([['com.atproto.repo.getRecord', 500]])
  })

  it('an upstream error is logged as a warning', async () => {
    const gateway = failing(new XrpcError(502, 'UpstreamFailure', 'not there'))
    const answer = await outcome(get(gateway, `com.atproto.repo.getRecord?${query}`))
    expect(answer).toEqual({ status: 502, error: 'UpstreamFailure', message: 'not there' })
    expect(gateway.errors).toEqual([])
  })

  it('unreachable actors answer 503', async () => {
    const answer = await outcome(
      get(failing(unavailable('not now')), `com.atproto.repo.getRecord?${query}`),
    )
    expect(answer).toEqual({ status: 503, error: 'ServiceUnavailable', message: 'not now' })
  })
})

it('unknown methods are counted under one name, so that callers cannot add labels', async () => {
  const gateway = openGateway()
  await get(gateway, 'com.example.one')
  await get(gateway, 'com.example.two')
  expect(gateway.observed).toEqual([
    ['other', 400],
    ['other', 400],
  ])
})
