import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { loadOnce } from '#src/ports/load-once.ts'
import { createRequestUpstream } from '#src/ports/upstream.ts'

it('loadOnce loads once for all callers, and again after a failure', async () => {
  let loads = 0
  const get = loadOnce(async () => {
    loads++
    if (loads === 1) throw new Error('too many open files')
    return loads
  })
  await expect(Promise.all([get(), get()])).rejects.toThrow('too many open files')
  expect(await Promise.all([get(), get()])).toEqual([2, 2])
})

it('a request to another service succeeds after its connections could not be opened once', async () => {
  let opened = 0
  const answer = { statusCode: 200, headers: {}, body: Readable.from(['hello']) }
  const request = createRequestUpstream(async () => {
    opened++
    if (opened === 1) throw new Error('too many open files')
    return { request: async () => answer } as never
  })
  const call = { method: 'GET', origin: 'https://example.com', path: '/', headers: {} } as const
  await expect(request(call)).rejects.toMatchObject({ status: 502 })
  expect(await request(call)).toMatchObject({ status: 200 })
})
