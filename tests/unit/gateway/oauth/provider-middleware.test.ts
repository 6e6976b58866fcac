import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import {
  type Middleware,
  preparedMiddleware,
  withClientStatus,
} from '#src/gateway/oauth/provider-middleware.ts'

const request = {} as IncomingMessage
const response = {} as ServerResponse

function errorOf(middleware: Middleware): Promise<unknown> {
  return new Promise((resolve) => middleware(request, response, resolve))
}

describe('a middleware of the OAuth library', () => {
  it('a middleware that throws passes its error on', async () => {
    const failure = new Error('Invalid accept header')
    const throwing = preparedMiddleware(
      async () => {},
      () => {
        throw failure
      },
    )
    expect(await errorOf(throwing)).toBe(failure)
  })

  it('a middleware whose preparation fails does not run', async () => {
    const failure = new Error('the directory does not answer')
    let ran = false
    const unprepared = preparedMiddleware(
      async () => {
        throw failure
      },
      () => {
        ran = true
      },
    )
    expect(await errorOf(unprepared)).toBe(failure)
    expect(ran).toBe(false)
  })
})

describe('an error of the OAuth library', () => {
  it('an error with a client status in either form of the library keeps that status', () => {
    const notAcceptable = Object.assign(new Error('Unsupported media type'), { status: 406 })
    const boom = Object.assign(new Error('Invalid accept header'), { output: { statusCode: 400 } })
    expect(withClientStatus(notAcceptable)).toMatchObject({
      status: 406,
      message: 'Unsupported media type',
    })
    expect(withClientStatus(boom)).toMatchObject({ status: 400, message: 'Invalid accept header' })
  })

  it('a path that cannot be decoded is the fault of the client', () => {
    let failure: unknown
    try {
      decodeURIComponent('%ff')
    } catch (error) {
      failure = error
    }
    expect(withClientStatus(failure)).toMatchObject({ status: 400 })
  })

  it('an error without a client status, and one of ours, stay as they are', () => {
    for (const error of [
      new Error('bug'),
      Object.assign(new Error('bug'), { status: 500 }),
      new XrpcError(429, 'RateLimitExceeded', 'Rate Limit Exceeded'),
    ]) {
      expect(withClientStatus(error)).toBe(error)
    }
  })
})
