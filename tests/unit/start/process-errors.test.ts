/** Errors that nothing caught, in a process of their own. */
import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { root } from '#tests/support/sources.ts'

/** Runs `code` in a process with the handlers; `ended` is printed if it is still there afterwards. */
function run(code: string) {
  const script = `
    import { createLog } from '#src/log.ts'
    import { handleProcessErrors } from '#src/start/process-errors.ts'
    const rejections = handleProcessErrors(createLog('info'), process)
    process.once('beforeExit', () => console.log(JSON.stringify({ ended: rejections() })))
    ${code}`
  const args = ['--input-type=module', '--eval', script]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
  })
  const lines = stdout.trim().split('\n')
  return { status, stderr, lines: lines.map((line) => JSON.parse(line) as object) }
}

it('an unhandled rejection is logged with its stack and counted, and the process goes on', () => {
  const code = `async function dropped() { throw new TypeError('no page') }; void dropped(); void Promise.reject('text')`
  const { status, stderr, lines } = run(code)
  const level = 50
  const stack = expect.stringMatching(/^TypeError: no page\n +at dropped/)
  expect(lines).toEqual([
    expect.objectContaining({ level, err: expect.objectContaining({ stack }) }),
    expect.objectContaining({
      level,
      err: expect.objectContaining({ message: "not an error: 'text'" }),
    }),
    { ended: 2 },
  ])
  expect([status, stderr]).toEqual([0, ''])
})

it('an uncaught exception is logged with its stack, and the process exits with 1', () => {
  const { status, lines } = run(`setTimeout(function late() { throw new RangeError('broken') })`)
  const stack = expect.stringMatching(/^RangeError: broken\n +at .*late/)
  expect(lines).toEqual([
    expect.objectContaining({ level: 50, err: expect.objectContaining({ stack }) }),
  ])
  expect(status).toBe(1)
})
