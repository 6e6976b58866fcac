import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { expect, it } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import { createRequestUpstream, type UpstreamRequest } from '#src/ports/upstream.ts'

const options: UpstreamRequest = {
  method: 'GET',
  origin: 'https://a.example',
  path: '/',
  headers: {},
}

/** Calls a service over a connection that fails like this. */
async function failing(error: unknown, signal?: AbortSignal) {
  const dispatcher = { request: () => Promise.reject(error) } as unknown as Dispatcher
  const ask = createRequestUpstream(async () => dispatcher)
  return ask({ ...options, signal }).catch((thrown: unknown) => thrown)
}

it('an unreachable service is 502, with its origin and the reason', async () => {
  const error = new Error('connect ECONNREFUSED')
  const expected = { status: 502, error: 'UpstreamFailure', cause: error }
  expect(await failing(error)).toMatchObject({ ...expected, origin: 'https://a.example' })
})

it('a client that disconnects is no failure of the service', async () => {
  const failure = await failing(new Error('aborted'), AbortSignal.abort())
  expect(failure).toMatchObject({ status: 400 })
})

it('an error in the request body is returned as it is', async () => {
  const slow = new XrpcError(408, 'RequestTimeout', 'The request body took too long')
  expect(await failing(slow)).toBe(slow)
})

it('an upstream response has its status, headers and body', async () => {
  const body = Readable.from(['{}'])
  const answer = { statusCode: 404, headers: { 'content-type': 'a/b' }, body }
  const dispatcher = { request: async () => answer } as unknown as Dispatcher
  const ask = createRequestUpstream(async () => dispatcher)
  expect(await ask(options)).toEqual({ status: 404, headers: answer.headers, body })
})

it('an upstream response that breaks off unread is no uncaught error', async () => {
  const body = new Readable({ read() {} })
  const dispatcher = {
    request: async () => ({ statusCode: 200, headers: {}, body }),
  } as unknown as Dispatcher
  await createRequestUpstream(async () => dispatcher)(options)
  expect(body.listenerCount('error')).toBe(1)
  body.destroy(new Error('broken off'))
  await new Promise((closed) => body.once('close', closed))
})
