/**
 * Draws the charts of a page with uPlot: the pointer, or the arrow keys, show the values of a moment in all charts. A chart is a
 * `figure` with its points in `data-chart`, in which the server has drawn it for pages without scripts. If a live page replaces
 * it, the chart gets the new points, and the cursor stays where it is.
 */
import uPlot from '/assets/uplot.js'

const HEIGHT = 176
const FAR = 10
/** Between times below a chart: they are shown in minutes. */
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360].map((minutes) => minutes * 60)
const plots = new Map()
const { lang } = document.documentElement
const time = new Intl.DateTimeFormat(lang, { hour: '2-digit', minute: '2-digit' })
const moment = new Intl.DateTimeFormat(lang, {
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
})
const small = new Intl.NumberFormat(lang, { maximumSignificantDigits: 2 })
const large = new Intl.NumberFormat(lang, { notation: 'compact', maximumFractionDigits: 1 })

/** As `shortNumberText` of the server. */
function short(value) {
  const size = Math.abs(value)
  return size < 10 ? small.format(value) : large.format(size < 1_000 ? value : Math.round(value))
}

/** Known values between two unknown ones, to which no line leads. */
function alone({ data }, n) {
  const line = data[n]
  const found = line.flatMap((value, i) => {
    return value != null && line[i - 1] == null && line[i + 1] == null ? [i] : []
  })
  return found.length > 0 ? found : null
}

function draw(figure) {
  figure.dataset.drawn = ''
  const title = figure.querySelector('strong').textContent
  const known = plots.get(title)
  const plot = known ?? newPlot(title)
  plots.set(title, plot)
  plot.show(figure)
}

function newPlot(title) {
  const holder = document.createElement('div')
  holder.className = 'plot drawn'
  const tip = document.createElement('div')
  tip.className = 'tip'
  tip.hidden = true
  let figure
  let data
  let newest
  let u
  /** Whether the pointer or the focus is on this chart; the others follow. */
  let isHere = false

  const styleOf = (name) => getComputedStyle(figure).getPropertyValue(name).trim()
  const colorOf = (i) => {
    const mark = figure.querySelector(`.legend .line-${i} i`)
    return getComputedStyle(mark).backgroundColor
  }
  const valueAt = (line, i) => (line[i] == null ? '–' : `${short(line[i])} ${data.unit}`.trim())
  const words = (i) =>
    data.lines.map((line, n) => `${newest[n].label} ${valueAt(line, i)}`).join(', ')

  function options() {
    const axis = {
      stroke: () => styleOf('--muted'),
      ticks: { show: false },
      font: '12px system-ui',
    }
    const grid = { stroke: () => styleOf('--line'), width: 1 }
    return {
      ...{ width: holder.clientWidth || 300, height: HEIGHT, legend: { show: false } },
      padding: [8, 20, 0, 0],
      cursor: {
        ...{ y: false, drag: { x: false, y: false, setScale: false } },
        sync: { key: 'charts', scales: ['x', null] },
      },
      scales: { y: { range: (_, __, max) => uPlot.rangeNum(0, max || 1, 0.1, true) } },
      axes: [
        {
          ...{ ...axis, grid: { show: false }, size: 28, space: 64, incrs: STEPS_S },
          values: (_, ticks) => ticks.map((at) => time.format(at * 1000)),
        },
        {
          ...{ ...axis, grid, size: 60, space: 40 },
          values: (_, ticks) => ticks.map((value) => `${short(value)} ${data.unit}`.trim()),
        },
      ],
      series: [
        {},
        ...data.lines.map((_, i) => ({
          ...{ stroke: () => colorOf(i), width: 1.75 },
          points: { show: false, filter: alone, size: 4, fill: () => colorOf(i) },
        })),
      ],
      hooks: { setCursor: [read] },
    }
  }

  /** Shows the values at the cursor: in the legend, and beside the cursor if it is in this chart. */
  function read({ cursor, data: [times] }) {
    if (newest === undefined) return
    const { idx, left } = cursor
    const isRead = idx != null && left >= 0
    for (const [n, { value, text }] of newest.entries()) {
      value.textContent = isRead ? valueAt(data.lines[n], idx) : text
    }
    const over = u?.over
    tip.hidden = !isRead || !isHere
    if (!isRead || over === undefined) return
    const at = moment.format(times[idx] * 1000)
    over.setAttribute('aria-valuenow', idx)
    over.setAttribute('aria-valuetext', `${at}: ${words(idx)}`)
    if (!isHere) return
    tip.replaceChildren(
      Object.assign(document.createElement('b'), { textContent: at }),
      ...newest.map(({ mark, label }, n) => {
        const row = document.createElement('span')
        row.className = mark.parentElement.className
        row.append(mark.cloneNode(), `${label} ${valueAt(data.lines[n], idx)}`)
        return row
      }),
    )
    const isRight = left > over.clientWidth / 2
    tip.classList.toggle('before', isRight)
    tip.style.left = `${over.offsetLeft + left}px`
  }

  const goTo = (i) => {
    const last = data.times.length - 1
    const left = u.valToPos(u.data[0][Math.max(0, Math.min(last, i))], 'x')
    u.setCursor({ left, top: 0 }, true, true)
  }
  const leave = () => u.setCursor({ left: -10, top: -10 }, true, true)

  function onKey(event) {
    const last = data.times.length - 1
    const now = u.cursor.idx ?? last
    const to = {
      ...{ ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1 },
      ...{ PageDown: now - FAR, PageUp: now + FAR, Home: 0, End: last },
    }[event.key]
    if (event.key === 'Escape') leave()
    if (to === undefined) return
    event.preventDefault()
    goTo(to)
  }

  function touch({ touches: [{ clientX }] }) {
    isHere = true
    u.setCursor({ left: clientX - u.over.getBoundingClientRect().left, top: 0 }, true, true)
  }

  function begin(columns) {
    u = new uPlot(options(), columns, holder)
    holder.append(tip)
    const { over } = u
    over.tabIndex = 0
    for (const [name, value] of [
      ['role', 'slider'],
      ['aria-label', title],
      ['aria-valuemin', 0],
    ]) {
      over.setAttribute(name, value)
    }
    over.addEventListener('keydown', onKey)
    over.addEventListener('focus', () => {
      isHere = true
      if (over.matches(':focus-visible')) goTo(u.cursor.idx ?? data.times.length - 1)
    })
    over.addEventListener('blur', () => {
      isHere = false
      leave()
    })
    over.addEventListener('mouseenter', () => {
      isHere = true
    })
    over.addEventListener('mouseleave', () => {
      isHere = over === document.activeElement
      read(u)
    })
    over.addEventListener('touchmove', touch, { passive: true })
    new ResizeObserver(() => u.setSize({ width: holder.clientWidth, height: HEIGHT })).observe(
      holder,
    )
  }

  return {
    redraw: () => u.redraw(false),
    show(next) {
      const wasOpen = figure?.querySelector('details')?.open
      figure = next
      data = JSON.parse(figure.dataset.chart)
      newest = [...figure.querySelectorAll('.legend > span')].map((line) => {
        const [mark, value] = [line.querySelector('i'), line.querySelector('b')]
        const label = line.textContent.slice(0, -value.textContent.length).trim()
        return { mark, value, label, text: value.textContent }
      })
      if (wasOpen) figure.querySelector('details').open = true
      figure.querySelector('.plot').replaceWith(holder)
      const columns = [data.times.map((at) => data.from + at), ...data.lines]
      if (u === undefined) begin(columns)
      else u.setData(columns)
      const { over } = u
      over.setAttribute('aria-valuemax', data.times.length - 1)
      if (u.cursor.idx == null) {
        over.setAttribute('aria-valuenow', data.times.length - 1)
        over.setAttribute('aria-valuetext', words(data.times.length - 1))
      } else read(u)
    },
  }
}

function drawAll() {
  for (const figure of document.querySelectorAll('figure[data-chart]:not([data-drawn])'))
    draw(figure)
}

drawAll()
new MutationObserver(drawAll).observe(document.body, { childList: true, subtree: true })
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const plot of plots.values()) plot.redraw()
})
