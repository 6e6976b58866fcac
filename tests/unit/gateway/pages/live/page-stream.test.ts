import { describe, expect, it } from 'vitest'
import { forbidden, XrpcError } from '#src/errors.ts'
import type { Fragment } from '#src/gateway/pages/live/fragments.ts'
import { PageStream } from '#src/gateway/pages/live/page-stream.ts'

/** A stream whose timers the test runs, and what a browser has read of it. */
function open(render: () => Promise<Fragment[]>, everyMs?: number) {
  const timers: { ms: number; run: () => void }[] = []
  const errors: unknown[] = []
  const stream = new PageStream(
    {
      timer: (ms, run) => {
        const one = { ms, run }
        timers.push(one)
        return () => void (timers.includes(one) && timers.splice(timers.indexOf(one), 1))
      },
      log: { error: (what) => errors.push(what) },
    },
    { render, everyMs },
  )
  const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader()
  const read: string[] = []
  let isDone = false
  const reading = (async () => {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) break
      read.push(value)
    }
    isDone = true
  })()
  const settled = async () => {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    stream,
    errors,
    timers,
    reading,
    text: async () => {
      await settled()
      return read.join('')
    },
    isDone: () => isDone,
    /** Runs the timers that are set now. */
    async pass() {
      for (const { run } of timers.splice(0)) run()
      await settled()
    },
  }
}

const soon = (_: number, run: () => void) => {
  setImmediate(run)
  return () => {}
}

const cellOf = (html: () => string) => async () => [{ cell: 'count', html: html() }]

describe('a page stream', () => {
  it('sends a part of the page when something has changed, and not again while it is the same', async () => {
    let n = 1
    const { stream, text, pass } = open(cellOf(() => `<b>${n}</b>`))
    stream.changed(10)
    expect(await text()).toContain('event: patch\ndata: {"target":"count","html":"<b>1</b>"}')
    await pass()
    stream.changed(11)
    expect((await text()).match(/event: patch/g)).toHaveLength(1)
    n = 2
    await pass()
    stream.changed(12)
    expect(await text()).toContain('<b>2</b>')
  })

  it('makes the page once for all events that come while it is made or just was', async () => {
    let made = 0
    const { stream, text, pass } = open(cellOf(() => String(++made)))
    for (let seq = 1; seq <= 50; seq++) stream.changed(seq)
    await text()
    expect(made).toBe(1)
    await pass()
    expect(made).toBe(2)
    expect(await text()).toContain('id: 50\n')
  })

  it('says up to where the page has everything, and no further', async () => {
    let release = () => {}
    const waiting = new Promise<void>((resolve) => {
      release = resolve
    })
    const { stream, text } = open(async () => {
      await waiting
      return []
    })
    stream.changed(10)
    stream.changed(20)
    release()
    const read = await text()
    expect(read).toContain('id: 10\nevent: position\ndata: 10\n\n')
    expect(read).not.toContain('id: 20')
  })

  it('ends for good if the session may not see the page any more', async () => {
    const { stream, text, isDone } = open(async () => {
      throw forbidden('You are no member', 'NotAMember')
    })
    stream.changed(1)
    expect(await text()).toContain('event: end\ndata: {"error":"NotAMember"}')
    expect(isDone()).toBe(true)
  })

  it('just ends when its time is over, so that the browser opens it again', async () => {
    const { stream, text, isDone } = open(async () => [])
    stream.end(new XrpcError(401, 'ExpiredToken', 'Expired'))
    expect(await text()).not.toContain('event: end')
    expect(isDone()).toBe(true)
  })

  it('looks again at intervals for what has no events, until it is closed', async () => {
    let made = 0
    const { stream, text, pass, timers } = open(
      cellOf(() => String(++made)),
      1_000,
    )
    await text()
    await pass()
    expect(made).toBe(2)
    stream.close()
    expect(timers).toEqual([])
  })

  it('adds only rows that are new', async () => {
    const rows = [{ id: '1', html: '<tr>1</tr>' }]
    const { stream, text, pass } = open(async () => [{ list: 'log', rows: [...rows] }])
    stream.changed(1)
    await text()
    rows.unshift({ id: '2', html: '<tr>2</tr>' })
    await pass()
    stream.changed(2)
    const last = (await text()).split('event: prepend').at(-1)
    expect(last).toContain('<tr>2</tr>')
    expect(last).not.toContain('<tr>1</tr>')
  })

  it('makes nothing for a browser that does not read', async () => {
    let made = 0
    const stream = new PageStream(
      { timer: soon, log: { error: () => {} } },
      {
        render: async () => {
          made++
          return [{ cell: 'big', html: `${made}${'x'.repeat(300_000)}` }]
        },
      },
    )
    for (let seq = 1; seq <= 20; seq++) {
      stream.changed(seq)
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(made).toBe(1)
    stream.close()
  })
})
