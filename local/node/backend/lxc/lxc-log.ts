/** `lxc-start 130 20251121102233.123 ERROR    conf - ../src/lxc/conf.c:run_buffer:322 - Script exited with status 2` */
const LINE = /^\S+ \S+ \d{14}\.\d+ (ERROR|WARN) +\S+ - \S+?:(\w+):(\d+) - (.*)$/;

/** lxc's own log of a failed start, in the form that Proxmox VE puts into a task's log. */
export function startLogLines(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [, level, name, number, message] = LINE.exec(line) ?? [];
    return level === 'ERROR' ? [`${name}: ${number} ${message}`] : [];
  });
}
