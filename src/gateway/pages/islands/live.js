/**
 * Keeps parts of a page up to date while it is visible. An element has `data-live`, the URL of an event stream, and
 * `data-after`, the position at which the page was read. Events: `patch` replaces the content of `[data-cell=<target>]`,
 * `prepend` adds rows whose `data-id` is not on the page, `end` says that the session or the membership has ended.
 */
const root = document.querySelector('[data-live]')
const MAX_ROWS = 200
let after = root.dataset.after ?? ''
let source

/** A hidden page holds no connection: browsers have few of them for one server. */
function open() {
  if (document.hidden || source !== undefined) return
  const url = new URL(root.dataset.live, location.href)
  if (after !== '') url.searchParams.set('after', after)
  source = new EventSource(url)
  source.addEventListener('open', () => show(true))
  source.addEventListener('error', () => {
    show(false)
    // The server has refused: the page stays as it is.
    if (source?.readyState === EventSource.CLOSED) close()
  })
  source.addEventListener('position', (event) => {
    after = event.data
  })
  source.addEventListener('patch', (event) => apply(event, patch))
  source.addEventListener('prepend', (event) => apply(event, prepend))
  source.addEventListener('end', () => {
    document.removeEventListener('visibilitychange', turn)
    close()
  })
}

function close() {
  source?.close()
  source = undefined
  show(false)
}

function turn() {
  if (document.hidden) close()
  else open()
}

function show(isLive) {
  for (const element of document.querySelectorAll('[data-live-on]')) element.hidden = !isLive
}

function apply(event, change) {
  const { target, ...content } = JSON.parse(event.data)
  for (const cell of document.querySelectorAll(`[data-cell="${CSS.escape(target)}"]`)) {
    change(cell, content)
  }
}

function patch(cell, { html }) {
  // Does not replace a form that is being filled in.
  if (cell.contains(document.activeElement)) {
    cell.addEventListener('focusout', () => setTimeout(() => patch(cell, { html })), { once: true })
    return
  }
  cell.replaceChildren(fragment(html))
}

function prepend(cell, { rows }) {
  for (const { id, html } of rows.toReversed()) {
    if (cell.querySelector(`[data-id="${CSS.escape(id)}"]`) !== null) continue
    cell.prepend(fragment(html))
  }
  while (cell.children.length > MAX_ROWS) cell.lastElementChild.remove()
}

/** The server has escaped everything in it. */
function fragment(html) {
  const template = document.createElement('template')
  template.innerHTML = html
  return template.content
}

document.addEventListener('visibilitychange', turn)
open()
