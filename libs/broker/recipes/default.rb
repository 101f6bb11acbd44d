# An MQTT broker for the site's login and nobody else.
login, password = Env.creds(node)
Logs.blank!('the broker needs a login and a password: set LOGIN and PASSWORD in your settings', login)
Logs.blank!('the broker needs a password: set PASSWORD in your settings', password)
raise 'LOGIN or PASSWORD holds what mosquitto cannot take' if login.include?(':') || "#{login}#{password}".include?("\n")

passwords = '/etc/mosquitto/passwords'
stamp = '/etc/mosquitto/passwords.stamp'

package 'mosquitto'

# Hashes are salted, so the file is never the same twice: the stamp says whether it was made for this login.
ruby_block 'passwords of the broker' do
  block do
    new = "#{passwords}.new"
    File.write(new, "#{login}:#{password}\n", perm: 0o600)
    system('mosquitto_passwd', '-U', new, exception: true)
    FileUtils.chown('mosquitto', 'mosquitto', new)
    File.rename(new, passwords)
    Stamp.write(stamp, login, password, File.read(passwords))
  end
  not_if { File.file?(passwords) && Stamp.fits?(stamp, login, password, File.read(passwords)) }
end

template '/etc/mosquitto/conf.d/broker.conf' do
  source 'broker.conf.erb'
  variables passwords: passwords
  mode '0644'
end

Common.application self, 'mosquitto', subscribe: ['template[/etc/mosquitto/conf.d/broker.conf]', 'ruby_block[passwords of the broker]']

Env.set(node, 'broker_address', "#{Env.get(node, 'ip')}:1883") if Env.get(node, 'ip')
