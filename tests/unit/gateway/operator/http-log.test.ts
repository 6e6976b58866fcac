import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { expect, it } from 'vitest'
import { isNonXrpc, logHttpCall, routeOf } from '#src/gateway/operator/http-log.ts'

it('a plain call is logged and counted when it has ended, under a bounded name', () => {
  const lines: unknown[] = []
  const counted: unknown[] = []
  const log = { debug: (line: unknown) => lines.push(line), info: () => {} } as never
  const metrics = { observeHttp: (...call: unknown[]) => counted.push(call.slice(0, 2)) }
  const response = Object.assign(new EventEmitter(), { statusCode: 200 })
  const path = `/oauth/${'x'.repeat(1000)}`
  const call = { id: 'one', verb: 'POST', path }
  logHttpCall({ log, metrics }, call, response as unknown as ServerResponse)
  response.statusCode = 400
  expect(lines).toEqual([])
  response.emit('close')
  expect(lines).toEqual([
    { id: 'one', verb: 'POST', path: path.slice(0, 200), status: 400, ms: expect.any(Number) },
  ])
  expect(counted).toEqual([['oauth', 400]])
})

it('paths are grouped into a few kinds', () => {
  expect(routeOf('/oauth/par')).toBe('oauth')
  expect(routeOf('/.well-known/atproto-did')).toBe('well-known')
  expect(routeOf('/account/security')).toBe('pages')
  expect(routeOf('/xrpc/_health')).toBe('operator')
  expect(routeOf('/wp-admin.php')).toBe('other')
})

it('XRPC methods are not logged as plain calls', () => {
  expect(isNonXrpc('/xrpc/com.atproto.server.describeServer')).toBe(false)
  expect(isNonXrpc('/xrpc/_stats')).toBe(true)
  expect(isNonXrpc('/')).toBe(true)
})
