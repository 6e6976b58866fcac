/** The forms of pages: fields, filters in the URL, pages of a list, and confirmation by typing. */
import { html, raw } from 'hono/html'
import type { Form } from '#src/gateway/pages/form.ts'
import {
  fieldAttributes,
  type Html,
  hiddenFields,
  type Note,
  noteView,
  type RenderContext,
} from '#src/gateway/pages/shell.ts'

export interface Field {
  name: string
  label: string
  value?: string | undefined
  type?: 'text' | 'search' | 'email' | 'password' | 'url' | 'number' | 'date' | 'area' | 'check'
  /** Makes it a choice. */
  options?: readonly { value: string; label: string }[]
  help?: Html | string
  required?: boolean
  maxLength?: number
  autocomplete?: string
}

/** A labelled field; the note is about it if it names it. Its id is its name. */
export function field(input: Field, note?: Note): Html {
  const { name, label, type = 'text', help } = input
  const isWrong = note?.bad === true && note.field === name
  const attributes = html`${fieldAttributes(name, note, help === undefined ? '' : `${name}-help`)}${isWrong ? raw(' autofocus') : ''}`
  const below = html`${help === undefined ? '' : html`<small id="${name}-help">${help}</small>`}${note?.field === name ? noteView(note) : ''}`
  if (type === 'check') {
    const checked = input.value === undefined ? '' : raw(' checked')
    return html`<label class="check"><input type="checkbox" name="${name}" value="yes"${checked}${attributes}>${label}</label>${below}`
  }
  const typed = isWrong && type !== 'password' ? note.typed : undefined
  const shown = typed === undefined ? input : { ...input, value: typed }
  return html`<label for="${name}">${label}</label>${control(shown, attributes)}${below}`
}

function control(input: Field, attributes: Html): Html {
  const { name, value = '', type = 'text', options, required, maxLength, autocomplete } = input
  const all = html`id="${name}" name="${name}"${required ? raw(' required') : ''}${maxLength === undefined ? '' : html` maxlength="${maxLength}"`}${autocomplete === undefined ? '' : html` autocomplete="${autocomplete}"`}${attributes}`
  if (options !== undefined) {
    return html`<select ${all}>${options.map(
      (option) =>
        html`<option value="${option.value}"${option.value === value ? raw(' selected') : ''}>${option.label}</option>`,
    )}</select>`
  }
  if (type === 'area') return html`<textarea ${all} rows="4">${value}</textarea>`
  return html`<input type="${type}" value="${value}" ${all}>`
}

/** A GET form above a list: what is searched for is in the URL. */
export function filterForm(context: RenderContext, fields: readonly Field[], action = ''): Html {
  const target = action === '' ? '' : html` action="${action}"`
  return html`<form method="get" class="filters" role="search"${target}>
${fields.map((one) => html`<div>${field(one)}</div>`)}
<button class="quiet">${context.messages.text('search')}</button></form>`
}

/** Links to the pages before and after this one, by cursor; each is a URL. */
export function pager(
  { messages }: RenderContext,
  { before, after }: { before?: string | undefined; after?: string | undefined },
): Html | '' {
  if (before === undefined && after === undefined) return ''
  const link = (href: string | undefined, key: 'previous' | 'next') =>
    href === undefined
      ? html`<span></span>`
      : html`<a class="button quiet" rel="${key === 'next' ? 'next' : 'prev'}" href="${href}">${messages.text(key)}</a>`
  return html`<nav class="pager" aria-label="${messages.text('pages')}">${link(before, 'previous')}${link(after, 'next')}</nav>`
}

/** A form for an action that cannot be undone: the user types `typed`, which `isTyped` checks. */
export function confirmForm(
  context: RenderContext,
  input: {
    action: string
    /** What is typed, such as the handle. */
    typed: string
    /** Of the button. */
    label: string
    fields?: Record<string, string | undefined>
    /** Fields above what is typed, such as a password. */
    before?: Html
    note?: Note | undefined
  },
): Html {
  const { action, typed, label, fields, before = '', note } = input
  const id = `typed-${action.replaceAll(/\W+/g, '-')}`
  const prompt = context.messages.text('typeToConfirm', { text: typed })
  return html`<form method="post" action="${action}" class="confirm">${hiddenFields(context, fields)}
${before}<label for="${id}">${prompt}</label>
<input id="${id}" name="typed" autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck="false" required
 maxlength="300"${fieldAttributes('typed', note)}>
${note?.field === 'typed' ? noteView(note) : ''}
<button class="bad">${label}</button></form>`
}

export function isTyped(form: Form, typed: string): boolean {
  return (form['typed'] ?? '').trim() === typed
}

/** The note of a page if the typed text does not match. */
export function wronglyTyped({ messages }: RenderContext): Note {
  return { text: messages.text('wronglyTyped'), bad: true, field: 'typed' }
}

/** A button that does one thing, such as removing a row. */
export function actionForm(
  context: RenderContext,
  input: {
    action: string
    label: string
    fields?: Record<string, string | undefined>
    /** What the button is about, for screen readers. */
    about?: string
    kind?: 'quiet' | 'bad' | 'primary'
  },
): Html {
  const { action, label, fields, about, kind = 'quiet' } = input
  const name = about === undefined ? '' : html` aria-label="${label}: ${about}"`
  return html`<form method="post" action="${action}">${hiddenFields(context, fields)}<button class="${kind}"${name}>${label}</button></form>`
}
