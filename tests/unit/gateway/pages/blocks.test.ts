import { html } from 'hono/html'
import { describe, expect, it } from 'vitest'
import { badge, card, emptyState, table, timeOf } from '#src/gateway/pages/blocks.ts'
import {
  confirmForm,
  field,
  filterForm,
  isTyped,
  pager,
  wronglyTyped,
} from '#src/gateway/pages/form-blocks.ts'
import { messagesFor } from '#src/gateway/pages/messages.ts'

const now = Date.parse('2026-11-30T12:00:00Z')
const context = { branding: {}, messages: messagesFor('en'), csrf: 'secret', now }

describe('blocks', () => {
  it('what a block shows is escaped', () => {
    const evil = '<img src=x onerror=alert(1)>'
    const all = [
      card(evil, evil, { help: evil, badge: badge(evil) }),
      table({ label: evil, head: [evil], rows: [[evil]], empty: evil }),
      emptyState(evil),
      field({ name: 'name', label: evil, value: evil, help: evil }),
      field({ name: 'choice', label: evil, options: [{ value: evil, label: evil }] }),
      field({ name: 'text', label: evil, value: evil, type: 'area' }),
      confirmForm(context, { action: '/x', typed: evil, label: evil }),
    ]
    expect(String(html`${all}`)).not.toContain('<img')
  })

  it('a table without rows says what to do next, unless rows come live', () => {
    const nothing = { label: 'Keys', head: ['Name'], rows: [], empty: 'Create the first one.' }
    expect(String(table(nothing))).toMatch(/^<div class="empty">/)
    expect(String(table({ ...nothing, cell: 'keys' }))).toContain('<tbody data-cell="keys">')
  })

  it('a time is relative to now, with the absolute time as its title', () => {
    const title = 'title="Nov 30, 2026, 9:00 AM UTC"'
    expect(String(timeOf(context, '2026-11-30T09:00:00Z'))).toBe(
      `<time datetime="2026-11-30T09:00:00Z" ${title} data-relative>3 hours ago</time>`,
    )
    expect(String(timeOf(context, '2026-12-02T12:00:00Z'))).toContain('>in 2 days<')
    expect(String(timeOf(context, '2026-11-30T12:00:00.400Z'))).toContain('>now<')
  })

  it('a filter is a GET form, so that a search has a URL', () => {
    const form = String(filterForm(context, [{ name: 'q', label: 'Handle', value: 'ann' }]))
    expect(form).toContain('method="get"')
    expect(form).toContain('value="ann"')
    expect(form).not.toContain('csrf')
  })

  it('a pager is absent if there is one page only', () => {
    expect(pager(context, {})).toBe('')
    expect(String(pager(context, { after: '?cursor=b' }))).toContain('href="?cursor=b"')
  })

  it('a dangerous form is confirmed only by the exact text', () => {
    const form = String(confirmForm(context, { action: '/x/delete', typed: 'a.test', label: 'Go' }))
    expect(form).toContain('value="secret"')
    expect(form).toContain('Type a.test to confirm')
    expect(isTyped({ typed: ' a.test ' }, 'a.test')).toBe(true)
    for (const typed of ['', 'A.test', 'a.test.example', undefined]) {
      expect(isTyped({ typed }, 'a.test')).toBe(false)
    }
    expect(wronglyTyped(context)).toMatchObject({ bad: true, field: 'typed' })
  })
})
