import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from './browser.ts';
import type { Forge } from './forge.ts';
import type { Run } from './gitea-types.ts';
import { signIn } from './gitea-web.ts';

/** What docs/ may weigh, per picture. */
const LARGEST = 100_000;

const JOB = { part: '.action-view-right', height: 440 }; /** Of a pull request. */
export const COMMENT = { part: '.comment-container', height: 640 };

interface Shown {
  /** The page is there once it has this text. */
  readonly text: string;
  /** Of a job: the logs of its steps are opened, and the line with this text is shown. */
  readonly opened?: string;
  /** What of the page matters: what a window of that height shows of the last of these elements with the text. */
  readonly part: string;
  readonly height: number;
}

/**
 * Keeps a picture of a page where `PVE_GITOPS_SCREENSHOTS` names a folder; else nothing. It takes a Gitea with its pages' scripts
 * (`PVE_GITOPS_GITEA_STATIC`: a folder with public/, templates/ and options/), which the one of the tests is built without.
 */
export async function keepPage(
  forge: Forge,
  url: string,
  name: string,
  { text, opened, part, height }: Shown,
): Promise<void> {
  const folder = process.env.PVE_GITOPS_SCREENSHOTS;
  if (folder === undefined || folder === '') return;
  const browser = await Browser.open();
  try {
    for (const part of (await signIn(forge)).split('; ')) {
      const [cookie = '', ...value] = part.split('=');
      await browser.send('Network.setCookie', { name: cookie, value: value.join('='), url: forge.url });
    }
    await browser.send('Emulation.setDeviceMetricsOverride', {
      width: 1000,
      height,
      deviceScaleFactor: 1,
      mobile: false,
    });
    await browser.show(url, text);
    if (opened !== undefined) {
      // A called workflow's log stands in the step that sets the job up.
      const all = `for (const step of document.querySelectorAll('.job-step-summary')) step.click()`;
      await browser.send('Runtime.evaluate', { expression: all });
      await browser.see(opened);
      const line = `[...document.querySelectorAll('.job-log-line')].findLast((one) => one.innerText.includes(TEXT))`;
      const shown = line.replace('TEXT', JSON.stringify(opened));
      await browser.send('Runtime.evaluate', { expression: `${shown}?.scrollIntoView({ block: 'center' })` });
    }
    if (opened === undefined) {
      const shown = `[...document.querySelectorAll(${JSON.stringify(part)})].at(-1)?.scrollIntoView({ block: 'center' })`;
      await browser.send('Runtime.evaluate', { expression: shown });
    }
    const picture = await browser.picture(part, opened ?? text);
    if (picture.length > LARGEST) throw new Error(`Unable to keep ${name}: ${picture.length} bytes`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.png`), picture);
  } finally {
    await browser.close();
  }
}

/** The same of a run: the log of its job, at a line with this text. */
export async function keepRun(
  forge: Forge,
  repository: string,
  run: Run,
  { name, opened }: { readonly name: string; readonly opened: string },
): Promise<void> {
  const [job] = await forge.api.jobs(repository, run.id);
  await keepPage(forge, `${run.html_url}/jobs/${job?.id}`, name, { text: 'Complete job', opened, ...JOB });
}
