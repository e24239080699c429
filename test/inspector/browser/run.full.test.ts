import { describe, expect, onTestFinished, test } from 'vitest'
import { testPlace } from '../../fixtures/engine.ts'
import { openedPage, whyNoBrowser } from './browser.ts'

const reason = await whyNoBrowser()

describe.skipIf(reason !== undefined)(`a real run, seen in a browser${reason ? ` (${reason})` : ''}`, () => {
  const opened = async () => {
    const place = await testPlace()
    onTestFinished(() => place[Symbol.asyncDispose]())
    const engine = await place.open()
    return { place, engine, ...(await openedPage(engine)) }
  }

  test('a container comes, runs and exits under the eyes of whoever looks', async () => {
    const { place, engine, page } = await opened()
    const web = await place.sh(engine, 'read line; exit 3', { name: 'web', stdin: true })
    await page.getByRole('link', { name: 'created: 1 container', exact: true }).waitFor()
    await web.start()
    await page.getByRole('link', { name: 'running: 1 container', exact: true }).waitFor()
    const row = page.getByRole('row', { name: /^web/ })
    await row.getByText('running').waitFor()
    const attachment = await web.attach()
    await attachment.write('now\n')
    await row.getByText('exited').waitFor()
    await row.getByRole('gridcell', { name: '3', exact: true }).waitFor()
    await page.getByRole('link', { name: 'running: 0 containers', exact: true }).waitFor()
  })

  test('a click on a state of the chart lists those that are in it', async () => {
    const { place, engine, page } = await opened()
    const web = await place.sh(engine, 'sleep 100', { name: 'web' })
    await place.sh(engine, 'sleep 100', { name: 'idle' })
    await web.start()
    await page.getByRole('link', { name: 'running: 1 container', exact: true }).click()
    await page.getByText('1 in running').waitFor()
    await page.getByRole('row', { name: /^web/ }).waitFor()
    expect(await page.getByRole('row', { name: /^idle/ }).count()).toBe(0)
  })

  test('a stop by click: the log, the transitions, the exit record, and the lit state follow', async () => {
    const { place, engine, page } = await opened()
    const script = "trap 'echo stopping; exit 5' TERM; echo ready; while :; do sleep 0.1; done"
    const web = await place.sh(engine, script, { name: 'web', stopTimeout: 20 })
    await web.start()
    await page.getByRole('row', { name: /^web/ }).getByRole('link').click()
    await page.getByRole('heading', { name: 'web' }).waitFor()
    await page.getByRole('log').getByText('ready').waitFor()
    expect(await page.getByRole('group', { name: 'Commands' }).getByRole('button').allTextContents()).toEqual(
      [...['Stop', 'Pause', 'Kill', 'Remove']],
    )
    await page.locator('[id="running"][aria-current="true"]').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('log').getByText('stopping').waitFor()
    await page.locator('[id="exited"][aria-current="true"]').waitFor()
    const exit = page.getByRole('region', { name: 'Exit record' })
    await exit.getByText('the inspector page').waitFor()
    expect(web.inspect().exit).toMatchObject({ code: 5, by: 'the inspector page', cause: 'stopped-by-user' })

    const told = await page
      .getByRole('table', { name: 'Last transitions' })
      .getByRole('row')
      .allTextContents()
    const states = [...engine.events.past(0)].flatMap((event) => (event.type === 'state' ? [event.to] : []))
    expect(told.slice(1).map((text) => /[a-z]+/.exec(text)?.[0])).toEqual(states.reverse())
  })

  test('what cannot be taken back is asked once more; what is refused is told in the owner’s words', async () => {
    const { place, engine, page } = await opened()
    const web = await place.sh(engine, 'sleep 100', { name: 'web' })
    await web.start()
    await page.getByRole('row', { name: /^web/ }).getByRole('link').click()
    await page.getByRole('button', { name: 'Kill' }).click()
    await page.getByRole('button', { name: 'Really kill?' }).waitFor()
    expect(web.state).toBe('running')
    await page.getByRole('button', { name: 'Stop' }).focus()
    await page.getByRole('button', { name: 'Kill', exact: true }).waitFor()
    // As though another had paused it a moment ago: the page has not heard yet.
    await page.route('**/pause', (route) =>
      route.continue({ url: route.request().url().replace('pause', 'resume') }),
    )
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('alert').getByText('resume').waitFor()
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('button', { name: 'Really remove?' }).click()
    await page.locator('article > header').getByText('removed').waitFor()
    expect(engine.snapshot().containers).toEqual([])
  })
})
