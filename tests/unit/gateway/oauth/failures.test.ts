import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { invalidRequest, unavailable, XrpcError } from '#src/errors.ts'
import { respondWithError } from '#src/gateway/oauth/failures.ts'
import { insufficientStorage } from '#src/ports/disk-space.ts'

const log = { debug: () => {}, warn: () => {}, error: () => {} }

/** The response to a request that failed with this error. */
async function answer(error: unknown) {
  const server = createServer((request, response) =>
    respondWithError(log, error, { request, response }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`)
    const { error: name, error_description: message } = (await response.json()) as {
      error: string
      error_description: string
    }
    return { status: response.status, name, message, wait: response.headers.get('retry-after') }
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

it.each<[unknown, number, string, string, string | null]>([
  [invalidRequest('no such app'), 400, 'invalid_request', 'no such app', null],
  [
    new XrpcError(429, 'RateLimitExceeded', 'Too many', { 'retry-after': '7' }),
    ...([429, 'temporarily_unavailable', 'Too many', '7'] as const),
  ],
  [unavailable('try again'), 503, 'temporarily_unavailable', 'try again', '60'],
  [new Error('a bug'), 500, 'server_error', 'Internal Server Error', null],
])('OAuth requests that fail with %s are answered with %i', async (error, ...expected) => {
  const { status, name, message, wait } = await answer(error)
  expect([status, name, message, wait]).toEqual(expected)
})

it('OAuth requests that fail because the disk is full are answered with 507', async () => {
  expect(await answer(insufficientStorage())).toMatchObject({
    status: 507,
    name: 'temporarily_unavailable',
  })
})
