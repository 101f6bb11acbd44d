/**
 * A tree with everything that a copy or an archive could lose, made and described inside a container by its own perl:
 * owners, modes, times, links, holes, user attributes, capabilities, access lists.
 */

/** Numbers of setxattr and getxattr. */
const CALLS: Readonly<Record<string, readonly [number, number]>> = { x64: [188, 191], arm64: [5, 8] };
const [SET, GET] = CALLS[process.arch] ?? [188, 191];

/** u::rw- u:33:r-- g::r-- m::r-- o::--- as the kernel keeps it. */
const ACCESS_LIST = [
  '02000000',
  ...['01000600ffffffff', '0200040021000000', '04000400ffffffff', '10000400ffffffff', '20000000ffffffff'],
].join('');

/** Makes the tree below a folder. */
export function makeTree(folder: string): string {
  return `set -e
mkdir -p ${folder}/deep/er && cd ${folder}
head -c 300000 /dev/urandom > deep/er/random
echo owned > owned; chown 33:42 owned; chmod 4751 owned
echo high > high; chown 65534:1000 high
ln -s /etc/passwd link; ln owned hard; mkfifo pipe
truncate -s 5M hole; echo end >> hole
touch "deep/a name with  blanks and ümläut"
touch -d '2001-02-03 04:05:06 UTC' deep/old
cp /bin/true capable; setcap cap_net_raw+ep capable
perl -e 'syscall(${SET}, $f = "owned", $n = "user.note", $v = "kept", 4, 0) == 0 or die "user: $!";
  $v = pack("H*", "${ACCESS_LIST}");
  syscall(${SET}, $f = "high", $n = "system.posix_acl_access", $v, length $v, 0) == 0 or die "acl: $!"'
chmod 2770 deep; chown 100:101 deep; chown 7:8 .; chmod 1731 .`;
}

/** Prints one line for each thing in it. */
export function describeTree(folder: string): string {
  return `cd ${folder} && find . -printf '%p %y %m %U %G %n %l %T@ %s\\n' | awk '$2 == "d" { NF -= 1 } { print }' | sort
find . -type f -exec sha256sum {} + | sort
getcap -n capable
perl -e 'for ([owned => "user.note"], [high => "system.posix_acl_access"]) { my ($f, $n) = @$_; my $v = "\\0" x 99;
  my $l = syscall(${GET}, $f, $n, $v, 99); print "$f $n ", $l < 0 ? "none" : unpack("H*", substr($v, 0, $l)), "\\n" }'`;
}
