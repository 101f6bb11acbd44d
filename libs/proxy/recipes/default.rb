# A reverse proxy with a host for each running container of the site.
domain = Env.get(node, 'proxy_domain') || node['proxy']['domain']
ports = node['proxy']['ports']
hosts = Site.containers(node).filter_map do |container|
  port = ports.fetch(container.name, 80)
  next if port.zero? || container.address.nil? || container.hostname == Default.hostname(node)

  { name: "#{container.hostname}.#{domain}", to: "#{container.address}:#{port}" }
end

package 'caddy'

# A new volume belongs to root.
directory '/var/lib/caddy' do
  owner 'caddy'
  group 'caddy'
  mode '0750'
end

template '/etc/caddy/Caddyfile' do
  source 'Caddyfile.erb'
  variables hosts: hosts
  mode '0644'
end

Common.application self, 'caddy', subscribe: ['template[/etc/caddy/Caddyfile]', 'directory[/var/lib/caddy]']
