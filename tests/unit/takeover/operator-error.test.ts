import { expect, it } from 'vitest'
import { forbidden, XrpcError } from '#src/errors.ts'
import { insufficientStorage } from '#src/ports/disk-space.ts'
import { operatorError } from '#src/takeover/operator-error.ts'

it('a full disk is told with its folder and what to do, whichever part has found it full', () => {
  const sqlite = Object.assign(new Error('database or disk is full'), { errcode: 13 })
  const file = Object.assign(new Error('write'), { code: 'ENOSPC' })
  for (const error of [sqlite, file, insufficientStorage()]) {
    expect(operatorError(error, '/data', false)).toMatchObject({
      ...{ name: 'Error', message: expect.stringMatching(/disk of \/data .* is full: make room/) },
    })
  }
  const unavailable = new XrpcError(503, 'ServiceUnavailable', 'The account is not available')
  expect(operatorError(unavailable, '/data', true)).toMatchObject({
    message: expect.stringContaining('make room'),
  })
})

it('a refusal is told without a stack, and a bug with it', () => {
  expect(operatorError(forbidden('This server has accounts'), '/data', false)).toMatchObject({
    ...{ name: 'Error', message: 'This server has accounts' },
  })
  const bug = new TypeError('x is undefined')
  expect(operatorError(bug, '/data', true)).toBe(bug)
})
