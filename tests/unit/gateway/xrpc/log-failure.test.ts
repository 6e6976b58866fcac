import { expect, it } from 'vitest'
import { unavailable, XrpcError } from '#src/errors.ts'
import { UpstreamError } from '#src/gateway/proxy/upstream-error.ts'
import { logFailure } from '#src/gateway/xrpc/log-failure.ts'
import { UnreachableError } from '#src/ports/upstream.ts'

const origin = 'https://av.example'
const refused = Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' })
const brokenOff = Object.assign(
  new XrpcError(502, 'UpstreamFailure', 'Upstream service broke off'),
  {
    cause: new Error('other side closed'),
  },
)

function logged(error: unknown) {
  const lines: [level: string, fields: object, message: string][] = []
  const log = {
    warn: (fields: object, message: string) => lines.push(['warn', fields, message]),
    error: (fields: object, message: string) => lines.push(['error', fields, message]),
  }
  logFailure(log as never, { id: 'one', method: 'a.b.c' }, error)
  expect(lines).toHaveLength(1)
  return lines[0]!
}

it.each([
  [501, 'MethodNotImplemented'],
  [502, 'UpstreamFailure'],
  [503, 'NotEnoughResources'],
  [520, 'UpstreamFailure'],
])('a service that answers %i is one warning with its origin, and no stack', (status, error) => {
  const failure = new UpstreamError(status, { error: undefined, message: 'no' }, {}, origin)
  const facts = { id: 'one', method: 'a.b.c', origin, status, error, reason: 'no' }
  expect(logged(failure)).toEqual(['warn', facts, 'upstream service failed'])
})

it.each([
  [
    new UnreachableError(origin, refused),
    'Upstream service unreachable: ECONNREFUSED connect refused',
  ],
  [brokenOff, 'Upstream service broke off: other side closed'],
])(
  'a service that cannot be reached, or breaks off, is one warning with the reason: %s',
  (failure, reason) => {
    const [level, facts, message] = logged(failure)
    expect([level, message]).toEqual(['warn', 'upstream service failed'])
    expect(facts).toMatchObject({ id: 'one', status: 502, reason })
    expect(JSON.stringify(facts)).not.toContain('at ')
  },
)

it('a refusal of ours is a warning without a stack, and a bug an error with one', () => {
  expect(logged(unavailable('full'))[0]).toBe('warn')
  const bug = new TypeError('oh')
  expect(logged(bug)).toEqual([
    'error',
    { id: 'one', method: 'a.b.c', err: bug },
    'XRPC call failed',
  ])
})
