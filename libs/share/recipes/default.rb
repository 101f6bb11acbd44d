# One directory for the site's login, by SMB. Files belong to app and config, as in every container of the site.
login, password = Env.creds(node)
Logs.blank!('the share needs a login: set LOGIN in your settings', login)
Logs.blank!('the share needs a password: set PASSWORD in your settings', password)
raise 'LOGIN or PASSWORD holds a line break' if "#{login}#{password}".include?("\n")

user = Default.user(node)
database = '/var/lib/samba/private/passdb.tdb'
stamp = '/var/lib/samba/private/pve-gitops.stamp'

package 'samba'

directory '/srv/share' do
  owner user
  group Default.group(node)
  mode '2770'
end

template '/etc/samba/smb.conf' do
  source 'smb.conf.erb'
  variables user: user, group: Default.group(node)
  mode '0644'
end

# People log in by the site's login, whatever the user is called here.
file '/etc/samba/users.map' do
  content "#{user} = \"#{login}\"\n"
  mode '0644'
end

# The database changes with every login: only the password and that there is a database are compared.
ruby_block 'password of the share' do
  block do
    IO.popen(['smbpasswd', '-s', '-a', user], 'w', %i[out err] => File::NULL) { |input| input.write("#{password}\n#{password}\n") }
    raise 'smbpasswd did not take the password' unless $?.success?

    Stamp.write(stamp, user, password)
  end
  not_if { File.file?(database) && Stamp.fits?(stamp, user, password) }
end

Common.application self, 'smbd', subscribe: ['template[/etc/samba/smb.conf]', 'file[/etc/samba/users.map]']
